import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode } from '../../base/error-code.ts';

/**
 * A process that its number alone does not name: numbers are used again, so the start time goes
 * with it.
 */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Start in kernel ticks since boot; null where /proc does not tell. */
  readonly start: string | null;
}

async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The command in parentheses may hold anything; the fields are counted from behind it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

export async function identify(pid = process.pid): Promise<ProcessIdentity> {
  return { host: hostname(), pid, start: await startOf(pid) };
}

/**
 * True while the same process runs; a process of another machine counts as running, for nobody here
 * can tell.
 */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  if (identity.host !== hostname()) return true;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  return identity.start === null || (await startOf(identity.pid)) === identity.start;
}

export function formatIdentity({ host, pid, start }: ProcessIdentity): string {
  return [host, pid, start ?? ''].join('/');
}

/** The reverse of formatIdentity; undefined for any other text. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^(.*)\/(\d+)\/(\d*)$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? '', pid: Number(match[2]), start: match[3] === '' ? null : (match[3] ?? null) };
}
