import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

const MAX_LOG_BYTES = 64 * 1024 * 1024;
const LAST_LINES = 30;
const MAX_LINE = 4000;

export type OnLine = (line: string, stream: 'stdout' | 'stderr') => void;

/**
 * What a command writes: kept in a log file (the first 64 MiB), its last lines in memory, each line
 * told as it comes.
 */
export class CommandOutput {
  readonly lastLines: string[] = [];
  readonly #log;
  readonly #onLine: OnLine | undefined;
  #logged = 0;

  constructor(logFile: string, onLine?: OnLine) {
    mkdirSync(dirname(logFile), { recursive: true });
    this.#log = createWriteStream(logFile, { flags: 'a' });
    this.#onLine = onLine;
  }

  add(line: string, stream: 'stdout' | 'stderr'): void {
    if (this.#logged < MAX_LOG_BYTES) {
      this.#log.write(`${line}\n`);
      this.#logged += line.length + 1;
      if (this.#logged >= MAX_LOG_BYTES) this.#log.write('… the rest of this log was cut off\n');
    }
    this.lastLines.push(line.slice(0, MAX_LINE));
    if (this.lastLines.length > LAST_LINES) this.lastLines.shift();
    this.#onLine?.(line, stream);
  }

  /** Resolves when the stream has ended and its last line was added. */
  async follow(stream: Readable, name: 'stdout' | 'stderr'): Promise<void> {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => this.add(line, name));
    await new Promise<void>((resolve) => lines.once('close', resolve));
  }

  async close(): Promise<void> {
    this.#log.end();
    await finished(this.#log).catch(() => undefined);
  }
}
