import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isAlive, signalProcess } from './process-info.ts';
import { waitFor } from '../../base/wait-for.ts';
import { killAll, markedProcesses } from './process-tree.ts';

interface Recorded {
  readonly pid: number;
  readonly startTime: string;
}

function recorded(pidFile: string): Recorded | undefined {
  if (!existsSync(pidFile)) return undefined;
  try {
    const value = JSON.parse(readFileSync(pidFile, 'utf8')) as Partial<Recorded>;
    if (typeof value.pid === 'number' && typeof value.startTime === 'string')
      return { pid: value.pid, startTime: value.startTime };
  } catch {
    // a half-written file: the mark in the environment still finds the process
  }
  return undefined;
}

/**
 * Ends what an earlier attempt left running because its worker was killed: the process of the pid
 * file (only if it is that very process), its group, and every process with the same mark. Returns
 * the ids of the processes that it ended.
 */
export async function endOrphans(pidFile: string): Promise<number[]> {
  const leader = recorded(pidFile);
  const ended: number[] = [];
  if (leader !== undefined && isAlive(leader)) {
    signalProcess(-leader.pid, 'SIGKILL');
    signalProcess(leader.pid, 'SIGKILL');
    await waitFor(() => !isAlive(leader), { timeoutMs: 5000 });
    ended.push(leader.pid);
  }
  const marked = markedProcesses(pidFile);
  killAll(marked);
  await waitFor(() => markedProcesses(pidFile).length === 0, { timeoutMs: 5000 });
  rmSync(pidFile, { force: true });
  return [...ended, ...marked.map((p) => p.pid)];
}
