import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorCode } from '../../base/error-code.ts';

/**
 * A process as the machine knows it; `startTime` tells a reused process id from the process that
 * was meant.
 */
export interface ProcessInfo {
  readonly pid: number;
  readonly startTime: string;
  readonly command: string;
}

function fromProc(pid: number): ProcessInfo | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  return { pid, startTime: fields[19] ?? '', command };
}

function fromPs(pid: number): ProcessInfo | undefined {
  const line = execFileSync('ps', ['-o', 'lstart=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return line === '' ? undefined : { pid, startTime: line.slice(0, 24), command: line.slice(24).trim() };
}

/** The living process with this id, or undefined when there is none (a zombie counts as none). */
export function processInfo(pid: number): ProcessInfo | undefined {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  } catch {
    return undefined;
  }
}

/** Whether the very process that was recorded, and not another with its id, is alive. */
export function isAlive(recorded: { readonly pid: number; readonly startTime: string }): boolean {
  return processInfo(recorded.pid)?.startTime === recorded.startTime;
}

/**
 * Sends a signal to a process (negative id: to its group); it is not an error if the process is
 * gone.
 */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const code = errorCode(error);
    // A group that holds only zombies answers EPERM on some systems.
    if (code !== 'ESRCH' && !(code === 'EPERM' && pid < 0)) throw error;
  }
}
