import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compileCache } from '../adapters/process/compile-cache.ts';
import { ERRORS, type ErrorCode } from '../errors/table.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { lastLines, openLog, readLog } from './log-file.ts';
import { isAlive, processInfo, signalProcess } from '../adapters/process/process-info.ts';
import { waitFor } from '../base/wait-for.ts';
import { messageOf } from '../base/error-message.ts';

export type ReadyLine = Readonly<Record<string, unknown>>;

export interface ProcessSpec {
  readonly name: string;
  /** The program, or `node` for a child that runs on this very Node and ends with its parent. */
  readonly command: string;
  /**
   * Arguments; a function sees the ready line of the previous run, so that a restart keeps its
   * ports.
   */
  readonly args: readonly string[] | ((previous: ReadyLine | undefined) => readonly string[]);
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly identity?: { readonly uid: number; readonly gid: number };
  /**
   * Folder of the embedded parts: logs go to `logs/NAME.log`, the process id to `run/NAME.json`.
   */
  readonly stateDir: string;
  /**
   * When given, the child is ready once this answers true; otherwise once it prints
   * `{"ready":true,…}`.
   */
  readonly probe?: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
  readonly stopSignal?: NodeJS.Signals;
  readonly stopTimeoutMs?: number;
  /** Start it again, with back-off, when it dies by itself. */
  readonly restart?: boolean;
  readonly errorCode?: ErrorCode;
  readonly onEvent?: (event: ProcessEvent) => void;
  readonly signal?: AbortSignal;
}

export interface ProcessEvent {
  readonly kind: 'died' | 'restarted' | 'restart-failed';
  readonly message: string;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** The JSON that the child printed when it was ready; empty with a probe. */
  readonly ready: ReadyLine;
  readonly restarts: number;
  readonly running: boolean;
  /** Asks it to end, waits, then ends whatever is left of its process group. */
  stop(): Promise<void>;
  /** Lets this process end while the child runs on; `endLeftovers` ends it then. */
  unref(): void;
}

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const STABLE_AFTER_MS = 60_000;

function parseLine(line: string): ReadyLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as ReadyLine) : undefined;
  } catch {
    return undefined;
  }
}

const shortened = (line: string): string => (line.length > 400 ? `${line.slice(0, 400)}…` : line);

/**
 * An error that the child printed as `{"error":{code,message,hint}}` becomes ours; anything else
 * carries its last lines.
 */
function startError(spec: ProcessSpec, what: string, log: { file: string; offset: number }): WindlassError {
  const lines = lastLines(log.file, log.offset);
  for (const line of lines) {
    const body = parseLine(line)?.error;
    if (typeof body !== 'object' || body === null || !('code' in body) || !('message' in body)) continue;
    if (typeof body.code !== 'string' || !(body.code in ERRORS)) continue;
    const hint = 'hint' in body && typeof body.hint === 'string' ? body.hint : undefined;
    const details = 'details' in body ? body.details : undefined;
    return new WindlassError(body.code as ErrorCode, String(body.message), { hint, details });
  }
  return new WindlassError(
    spec.errorCode ?? 'INTERNAL',
    `${spec.name} ${what}. ${lines.slice(-3).map(shortened).join(' | ')}`,
    {
      hint: `Its log is ${log.file}.`,
      details: { log: log.file, lines },
    },
  );
}

class Supervised implements ManagedProcess {
  readonly name: string;
  readonly logFile: string;
  ready: ReadyLine = {};
  restarts = 0;
  readonly #spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();
  #supervision: Promise<void> = Promise.resolve();

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.logFile = join(spec.stateDir, 'logs', `${spec.name}.log`);
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async launch(previous?: ReadyLine): Promise<void> {
    const spec = this.#spec;
    const args = typeof spec.args === 'function' ? spec.args(previous) : spec.args;
    const isNode = spec.command === 'node';
    const { fd, offset } = openLog(this.logFile);
    const child = spawn(
      isNode ? process.execPath : spec.command,
      isNode ? ['--import', new URL('./exit-with-parent.ts', import.meta.url).href, ...args] : args,
      {
        cwd: spec.cwd,
        env: { ...(isNode ? compileCache() : {}), ...process.env, ...spec.env },
        // a group of its own: Ctrl-C reaches only us, and we stop the parts in order
        detached: true,
        stdio: isNode ? ['ignore', fd, fd, 'ipc'] : ['ignore', fd, fd],
        ...spec.identity,
      },
    );
    closeSync(fd);
    let spawnFailure: Error | undefined;
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        spawnFailure = error;
        resolve();
      });
    });
    // A child must not keep the command alive that merely forgot to stop it.
    child.channel?.unref();
    this.#record();
    const log = { file: this.logFile, offset };
    const outcome = await waitFor(
      async () => {
        if (spawnFailure !== undefined || !this.running) return 'ended';
        if (spec.probe !== undefined) return (await spec.probe().catch(() => false)) ? 'ready' : undefined;
        return this.#findReady(offset) ? 'ready' : undefined;
      },
      { timeoutMs: spec.readyTimeoutMs ?? 30_000, everyMs: 40, signal: spec.signal },
    );
    if (outcome === 'ready' && spec.signal?.aborted !== true) return;
    await this.#end();
    if (spec.signal?.aborted === true)
      throw new WindlassError('CANCELLED', `Starting ${spec.name} was interrupted.`);
    if (spawnFailure !== undefined) throw startError(spec, `cannot be started: ${spawnFailure.message}`, log);
    const seconds = (spec.readyTimeoutMs ?? 30_000) / 1000;
    throw startError(
      spec,
      outcome === 'ended' ? 'ended while it started' : `was not ready in ${seconds} s`,
      log,
    );
  }

  supervise(): void {
    if (this.#spec.restart === true) this.#supervision = this.#keepAlive();
  }

  unref(): void {
    this.#child?.unref();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#end();
    await this.#supervision;
    await this.#end();
  }

  #findReady(offset: number): boolean {
    for (const line of readLog(this.logFile, offset).split('\n')) {
      const value = parseLine(line);
      if (value?.ready !== true) continue;
      this.ready = value;
      return true;
    }
    return false;
  }

  #runFile(): string {
    return join(this.#spec.stateDir, 'run', `${this.name}.json`);
  }

  #record(): void {
    const info = this.pid > 0 ? processInfo(this.pid) : undefined;
    if (info === undefined) return;
    mkdirSync(join(this.#spec.stateDir, 'run'), { recursive: true });
    const stopSignal = this.#spec.stopSignal ?? 'SIGTERM';
    writeFileSync(this.#runFile(), JSON.stringify({ pid: info.pid, startTime: info.startTime, stopSignal }));
  }

  async #end(): Promise<void> {
    const pid = this.pid;
    if (pid > 0 && this.running) {
      signalProcess(pid, this.#spec.stopSignal ?? 'SIGTERM');
      const limit = this.#spec.stopTimeoutMs ?? 15_000;
      const ended = await Promise.race([this.#exited.then(() => true), delay(limit, false, { ref: false })]);
      if (!ended) signalProcess(pid, 'SIGKILL');
      await this.#exited;
    }
    if (pid > 0) signalProcess(-pid, 'SIGKILL'); // children that it left behind
    rmSync(this.#runFile(), { force: true });
  }

  async #keepAlive(): Promise<void> {
    const { onEvent } = this.#spec;
    const stopping = this.#stopping.signal;
    let backoff = FIRST_BACKOFF_MS;
    for (;;) {
      const since = Date.now();
      await this.#exited;
      if (stopping.aborted) return;
      if (Date.now() - since > STABLE_AFTER_MS) backoff = FIRST_BACKOFF_MS;
      const how = this.#child?.signalCode ?? `exit code ${this.#child?.exitCode ?? 'unknown'}`;
      onEvent?.({
        kind: 'died',
        message: `${this.name} ended (${how}); it starts again in ${backoff / 1000} s`,
      });
      await delay(backoff, undefined, { signal: stopping }).catch(() => undefined);
      if (stopping.aborted) return;
      backoff = Math.min(MAX_BACKOFF_MS, backoff * 2);
      try {
        await this.#end();
        await this.launch(this.ready);
        this.restarts += 1;
        onEvent?.({ kind: 'restarted', message: `${this.name} is running again` });
      } catch (error) {
        onEvent?.({
          kind: 'restart-failed',
          message: messageOf(error),
        });
      }
    }
  }
}

/**
 * Starts a child process and waits until it is ready; throws with the last lines of its log when it
 * does not get there.
 */
export async function startProcess(spec: ProcessSpec): Promise<ManagedProcess> {
  const supervised = new Supervised(spec);
  await supervised.launch();
  supervised.supervise();
  return supervised;
}

/**
 * Ends the processes of an earlier run whose parent was killed; gives their names. Only for the
 * holder of the state folder.
 */
export async function endLeftovers(stateDir: string): Promise<string[]> {
  const dir = join(stateDir, 'run');
  let files: string[];
  try {
    files = readdirSync(dir).filter((f) => f.endsWith('.json'));
  } catch {
    return [];
  }
  const ended = await Promise.all(
    files.map(async (file) => {
      const path = join(dir, file);
      let recorded: { pid: number; startTime: string; stopSignal: NodeJS.Signals };
      try {
        recorded = JSON.parse(readFileSync(path, 'utf8')) as typeof recorded;
      } catch {
        rmSync(path, { force: true });
        return [];
      }
      const alive = isAlive(recorded);
      if (alive) {
        signalProcess(recorded.pid, recorded.stopSignal);
        const gone = await waitFor(() => !isAlive(recorded), { timeoutMs: 15_000 });
        if (gone !== true) signalProcess(-recorded.pid, 'SIGKILL');
        await waitFor(() => !isAlive(recorded), { timeoutMs: 5_000 });
      }
      rmSync(path, { force: true });
      return alive ? [file.replace(/\.json$/, '')] : [];
    }),
  );
  return ended.flat();
}
