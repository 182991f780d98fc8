import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, processInfo, signalProcess, type ProcessInfo } from './process-info.ts';

/**
 * Environment variable that marks every process of one run, so that those can be found whose parent
 * was killed.
 */
export const RUN_MARK = 'WINDLASS_RUN_MARK';

function pids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0 && pid !== process.pid);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // it has ended meanwhile, or belongs to somebody else
  }
}

const known = (list: readonly number[]): ProcessInfo[] =>
  list.flatMap((pid) => {
    const info = processInfo(pid);
    return info === undefined ? [] : [info];
  });

/** Living processes that carry this mark in their environment (Linux; elsewhere none). */
export function markedProcesses(mark: string): ProcessInfo[] {
  // as the bytes of /proc are read
  const entry = Buffer.from(`${RUN_MARK}=${mark}`).toString('latin1');
  return known(pids().filter((pid) => read(pid, 'environ').split('\0').includes(entry)));
}

/** Ends each process that is still the one that was recorded. */
export function killAll(processes: readonly ProcessInfo[]): void {
  for (const recorded of processes)
    if (processInfo(recorded.pid)?.startTime === recorded.startTime) signalProcess(recorded.pid, 'SIGKILL');
}

function children(pid: number): number[] {
  let tasks: string[];
  try {
    tasks = readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended meanwhile, or this is no Linux
  }
  return tasks.flatMap((task) => read(pid, `task/${task}/children`).split(' ').filter(Boolean).map(Number));
}

const KIB_PER_MIB = 1024;

function kibibytes(pid: number, file: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(pid, file))?.[1] ?? 0);
}

/**
 * Every process of one run: the first, its descendants, those that were its descendants when it was
 * looked at before, and those that carry its mark. Leaving group, session or parent hides none of
 * them (Linux; elsewhere only the first is known).
 */
export class ProcessFamily {
  readonly #mark: string;
  readonly #seen = new Map<number, ProcessInfo>();

  constructor(first: ProcessInfo, mark: string) {
    this.#mark = mark;
    this.#seen.set(first.pid, first);
  }

  #remember(pid: number): boolean {
    if (this.#seen.has(pid)) return false;
    const info = processInfo(pid);
    if (info !== undefined) this.#seen.set(pid, info);
    return info !== undefined;
  }

  /**
   * Those that are alive now. `everywhere` also looks for the mark, which reads all processes of
   * the machine.
   */
  living({ everywhere = false } = {}): ProcessInfo[] {
    for (const [pid, info] of this.#seen) if (!isAlive(info)) this.#seen.delete(pid);
    if (everywhere) for (const { pid } of markedProcesses(this.#mark)) this.#remember(pid);
    const open = [...this.#seen.keys()];
    for (let pid = open.pop(); pid !== undefined; pid = open.pop())
      open.push(...children(pid).filter((child) => this.#remember(child)));
    return [...this.#seen.values()];
  }

  /**
   * Memory in MiB of all together; pages that they share count once when the plain sum is above
   * `limit`.
   */
  memoryMb(limit = Infinity): number {
    const living = this.living();
    const sum = (file: string, field: string): number =>
      living.reduce((total, { pid }) => total + kibibytes(pid, file, field), 0) / KIB_PER_MIB;
    const resident = sum('status', 'VmRSS');
    return resident <= limit ? resident : sum('smaps_rollup', 'Pss');
  }

  signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.living({ everywhere: true })) signalProcess(pid, signal);
  }

  /**
   * Kills until none is left, also those that are started meanwhile; gives up on what cannot be
   * killed after five seconds.
   */
  async kill(): Promise<void> {
    for (let round = 0; round < 100; round += 1) {
      const living = this.living({ everywhere: true });
      if (living.length === 0) return;
      killAll(living);
      await delay(round < 5 ? 10 : 50);
    }
  }
}
