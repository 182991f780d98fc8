import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';
import { asCalled } from '../program-name.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stdout?: NodeJS.WritableStream;
  readonly stderr?: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly color?: boolean;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** Without a terminal, a status that keeps changing (a percentage) is told this often. */
const PLAIN_STATUS_MS = 5_000;

/**
 * What a command says. Results go to stdout: text for people, or with --json one object and nothing
 * else. Progress and notes go to stderr: a moving line on a terminal, plain lines elsewhere.
 */
export class Output {
  readonly json: boolean;
  readonly colors: ReturnType<typeof picocolors.createColors>;
  readonly #quiet: boolean;
  readonly #stdout: NodeJS.WritableStream;
  readonly #stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  #status = '';
  #toldStatus = { text: '', at: 0 };
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.#quiet = options.quiet;
    this.#stdout = options.stdout ?? process.stdout;
    this.#stderr = options.stderr ?? process.stderr;
    this.colors = picocolors.createColors(
      options.color ?? (this.#stderr.isTTY === true && picocolors.isColorSupported),
    );
  }

  get isTerminal(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** The command's result: `value` with --json, otherwise the text. */
  result(value: unknown, text: () => string): void {
    this.clearStatus();
    if (this.json) this.writeJson(value);
    else this.#stdout.write(`${asCalled(text())}\n`);
  }

  /** As `result`, but on one line with --json: a program reads it while the command goes on. */
  resultLine(value: unknown, text: () => string): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(value)}\n`);
    else this.result(value, text);
  }

  writeJson(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** A line that stays, for people who watch. */
  note(text: string): void {
    if (this.#quiet) return;
    this.#line(text);
  }

  warn(text: string): void {
    this.#line(this.colors.yellow(text));
  }

  error(text: string): void {
    this.#line(this.colors.red(text));
  }

  /** What is happening now; replaced by the next status or note. */
  status(text: string): void {
    if (this.#quiet) return;
    if (this.isTerminal) {
      this.#status = text;
      this.#timer ??= setInterval(() => this.#draw(), FRAME_MS).unref();
      this.#draw();
      return;
    }
    const now = Date.now();
    const { text: told, at } = this.#toldStatus;
    if (text === told || (now - at < PLAIN_STATUS_MS && sameBeginning(text, told))) return;
    this.#toldStatus = { text, at: now };
    this.#stderr.write(`${text}\n`);
  }

  clearStatus(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#status !== '') this.#stderr.write('\r\u001b[2K');
    this.#status = '';
  }

  #line(text: string): void {
    const { isTerminal } = this;
    if (isTerminal && this.#status !== '') this.#stderr.write('\r\u001b[2K');
    this.#stderr.write(`${asCalled(text)}\n`);
    if (isTerminal && this.#status !== '') this.#draw();
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const width = (this.#stderr.columns ?? 80) - 3;
    const plain = stripVTControlCharacters(this.#status);
    const text = plain.length > width ? `${plain.slice(0, width - 1)}…` : this.#status;
    this.#stderr.write(`\r\u001b[2K${this.colors.cyan(FRAMES[this.#frame] ?? '')} ${text}`);
  }
}

/** Two statuses of the same activity differ only in their numbers. */
function sameBeginning(a: string, b: string): boolean {
  const shape = (text: string): string => text.replace(/[\d.]+/g, '#');
  return shape(a) === shape(b);
}

/** A table of text columns, aligned, with a line of headings; numbers as the caller wrote them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const width = (text: string): number => stripVTControlCharacters(text).length;
  const widths = head.map((_, i) => Math.max(...all.map((row) => width(row[i] ?? ''))));
  const format = (row: readonly string[]): string =>
    widths
      .map((w, i) => {
        const cell = row[i] ?? '';
        return i === widths.length - 1 ? cell : cell + ' '.repeat(w - width(cell));
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((w) => '─'.repeat(w)).join('  ');
  return [format(head), rule, ...rows.map(format)].join('\n');
}
