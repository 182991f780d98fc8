import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandResult } from '../../ports/project-runtime.ts';
import { processInfo, signalProcess } from '../../services/process-info.ts';
import { endOrphans } from './orphans.ts';
import { descendants, killAll, RUN_MARK } from './process-tree.ts';

export interface CommandSpec {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment of the command: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Where its process id is kept while it runs; an orphan that an earlier run left there is ended first. */
  readonly pidFile: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

const GRACE_MS = 4000;
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const LAST_LINES = 30;
const MAX_LINE = 4000;

/** Ends a command and all that it started: asks, waits four seconds, then ends group and descendants. */
async function endTree(pid: number, ended: Promise<unknown>): Promise<void> {
  const family = descendants(pid);
  signalProcess(-pid, 'SIGTERM');
  await Promise.race([ended, delay(GRACE_MS, undefined, { ref: false })]);
  signalProcess(-pid, 'SIGKILL');
  killAll(family);
}

/**
 * Runs a command in a process group of its own with its output in a log file (the first 64 MiB). Cancellation and timeout
 * end the whole tree; a cancelled command rejects with the signal's reason. Never throws for an exit code.
 */
export async function runCommand(spec: CommandSpec): Promise<CommandResult> {
  spec.signal?.throwIfAborted();
  mkdirSync(dirname(spec.logFile), { recursive: true });
  mkdirSync(dirname(spec.pidFile), { recursive: true });
  const orphans = await endOrphans(spec.pidFile);

  const log = createWriteStream(spec.logFile, { flags: 'a' });
  const startedAt = performance.now();
  const [program, ...args] = spec.command;
  const child = spawn(program, args, {
    cwd: spec.cwd,
    env: { ...spec.env, [RUN_MARK]: spec.pidFile },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const info = child.pid === undefined ? undefined : processInfo(child.pid);
  if (info !== undefined)
    writeFileSync(spec.pidFile, JSON.stringify({ pid: info.pid, startTime: info.startTime }));

  const lastLines: string[] = [];
  let logged = 0;
  const follow = (stream: Readable, name: 'stdout' | 'stderr'): void => {
    createInterface({ input: stream }).on('line', (line) => {
      if (logged < MAX_LOG_BYTES) {
        log.write(`${line}\n`);
        logged += line.length + 1;
        if (logged >= MAX_LOG_BYTES) log.write('… the rest of this log was cut off\n');
      }
      lastLines.push(line.slice(0, MAX_LINE));
      if (lastLines.length > LAST_LINES) lastLines.shift();
      spec.onLine?.(line, name);
    });
  };
  follow(child.stdout, 'stdout');
  follow(child.stderr, 'stderr');

  const ended = new Promise<{ exitCode: number | null; signal: NodeJS.Signals | null; error?: Error }>(
    (resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
      child.once('error', (error) => resolve({ exitCode: null, signal: null, error }));
    },
  );
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));

  let timedOut = false;
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (child.pid !== undefined) stopping ??= endTree(child.pid, ended);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, spec.timeoutMs);
  spec.signal?.addEventListener('abort', stop, { once: true });
  if (spec.signal?.aborted === true) stop();
  try {
    const outcome = await ended;
    await stopping;
    if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL'); // what it left in its group
    await Promise.race([closed, delay(2000, undefined, { ref: false })]);
    if (outcome.error !== undefined) lastLines.push(outcome.error.message);
    spec.signal?.throwIfAborted();
    return {
      exitCode: outcome.exitCode,
      signal: outcome.signal,
      timedOut,
      seconds: (performance.now() - startedAt) / 1000,
      lastLines,
      orphans,
    };
  } finally {
    clearTimeout(timer);
    spec.signal?.removeEventListener('abort', stop);
    log.end();
    await finished(log).catch(() => undefined);
    rmSync(spec.pidFile, { force: true });
  }
}
