import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, processInfo } from '../adapters/process/process-info.ts';

/** What `up.json` says of the system that holds a state folder. */
export interface SystemRecord {
  readonly pid: number;
  readonly startTime: string;
  /** The command that runs it, e.g. `up`. */
  readonly command: string;
  readonly startedAt: string;
  readonly phase: 'starting' | 'ready' | 'stopping';
  /** True when it ends together with the command that started it. */
  readonly ephemeral: boolean;
  readonly services: Readonly<Record<string, unknown>>;
}

export interface Claim {
  /** Replaces parts of the record, e.g. the phase. */
  update(change: Partial<SystemRecord>): void;
  release(): void;
}

function recordFile(stateDir: string): string {
  return join(stateDir, 'up.json');
}

function writeRecord(stateDir: string, record: SystemRecord): void {
  const temporary = `${recordFile(stateDir)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(temporary, recordFile(stateDir));
}

/**
 * The record of the system that lives in a state folder; undefined when there is none or its
 * process is dead.
 */
export function readLiveRecord(stateDir: string): SystemRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordFile(stateDir), 'utf8')) as SystemRecord;
    return isAlive(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function ownIdentity(): { pid: number; startTime: string } {
  return { pid: process.pid, startTime: processInfo(process.pid)?.startTime ?? '' };
}

/**
 * Takes a state folder for this process, or gives the record of the living process that has it. A
 * holder that was killed holds nothing. Two that try at the same moment are told apart by a short
 * lock.
 */
export async function claimState(
  stateDir: string,
  what: { command: string; ephemeral: boolean },
): Promise<{ claim: Claim } | { holder: SystemRecord }> {
  mkdirSync(stateDir, { recursive: true });
  const { default: lockfile } = await import('proper-lockfile');
  const unlock = await lockfile.lock(stateDir, {
    lockfilePath: join(stateDir, 'claim.lock'),
    stale: 5_000,
    retries: { retries: 40, minTimeout: 50, maxTimeout: 250 },
  });
  try {
    const holder = readLiveRecord(stateDir);
    if (holder !== undefined) return { holder };
    let record: SystemRecord = {
      ...ownIdentity(),
      ...what,
      startedAt: new Date().toISOString(),
      phase: 'starting',
      services: {},
    };
    writeRecord(stateDir, record);
    return {
      claim: {
        update: (change) => {
          record = { ...record, ...change };
          writeRecord(stateDir, record);
        },
        release: () => rmSync(recordFile(stateDir), { force: true }),
      },
    };
  } finally {
    await unlock();
  }
}

/**
 * Says that this process uses a system that another one runs, so that an ephemeral one waits for
 * it; gives the way back.
 */
export function takeLease(stateDir: string, command: string): () => void {
  const dir = join(stateDir, 'leases');
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${process.pid}-${Math.random().toString(36).slice(2, 8)}.json`);
  writeFileSync(file, JSON.stringify({ ...ownIdentity(), command }));
  return () => rmSync(file, { force: true });
}

/** The commands that use the system now; leases of dead processes are removed. */
export function liveLeases(stateDir: string): string[] {
  const dir = join(stateDir, 'leases');
  let files: string[];
  try {
    files = readdirSync(dir);
  } catch {
    return [];
  }
  return files.flatMap((file) => {
    try {
      const lease = JSON.parse(readFileSync(join(dir, file), 'utf8')) as SystemRecord;
      if (isAlive(lease)) return [lease.command];
    } catch {
      // gone, or not written to the end: its process is not using anything any more
    }
    rmSync(join(dir, file), { force: true });
    return [];
  });
}

/**
 * Removes everything from a state folder but the claim on it and the names to keep; only for its
 * holder.
 */
export function emptyState(stateDir: string, keep: readonly string[]): void {
  const kept = new Set(['up.json', 'claim.lock', ...keep]);
  for (const name of readdirSync(stateDir))
    if (!kept.has(name)) rmSync(join(stateDir, name), { recursive: true, force: true });
}
