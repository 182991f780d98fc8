import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // of /proc, on every Linux

/**
 * CPU seconds of a process and of its children that have ended, from /proc; 0 where there is no
 * /proc or no such process.
 */
export function cpuSeconds(pid: number | 'self' = 'self'): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
