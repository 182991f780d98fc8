import { readdirSync, readFileSync } from 'node:fs';
import { processInfo, signalProcess, type ProcessInfo } from '../../services/process-info.ts';

/** Environment variable that marks every process of one run, so that those can be found whose parent was killed. */
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

/** All living descendants of a process, also those that left its process group (Linux; elsewhere none). */
export function descendants(root: number): ProcessInfo[] {
  const parents = new Map(
    pids().map((pid) => {
      const stat = read(pid, 'stat');
      return [pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const;
    }),
  );
  const found = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, parent] of parents)
      if (found.has(parent) && !found.has(pid)) {
        found.add(pid);
        grown = true;
      }
  }
  found.delete(root);
  return known([...found]);
}

/** Living processes that carry this mark in their environment (Linux; elsewhere none). */
export function markedProcesses(mark: string): ProcessInfo[] {
  const entry = `${RUN_MARK}=${mark}`;
  return known(pids().filter((pid) => read(pid, 'environ').split('\0').includes(entry)));
}

/** Ends each process that is still the one that was recorded. */
export function killAll(processes: readonly ProcessInfo[]): void {
  for (const recorded of processes)
    if (processInfo(recorded.pid)?.startTime === recorded.startTime) signalProcess(recorded.pid, 'SIGKILL');
}
