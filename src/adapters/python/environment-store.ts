import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import type { RuntimeEnvironment } from '../../ports/project-runtime.ts';
import { waitForLock } from '../process/wait-for-lock.ts';

const STALE_LOCK_MS = 15_000;

/** Written last: a folder with it is complete. */
interface EnvironmentMarker {
  readonly builtAt: string;
  readonly python: string;
  readonly platform: string;
  /** Absent in those that were made before there was more than one kind. */
  readonly kind?: RuntimeEnvironment['kind'];
  readonly key?: string;
}

/** The files of one environment below the folder of all. */
export interface EnvironmentFiles {
  readonly id: string;
  readonly folder: string;
  readonly logFile: string;
  readonly pidFile: string;
  /** Its time of change is when the environment was last used. */
  readonly stamp: string;
}

export function environmentFiles(root: string, id: string): EnvironmentFiles {
  return {
    id,
    folder: join(root, id),
    logFile: join(root, `${id}.log`),
    pidFile: join(root, `${id}.pid`),
    stamp: join(root, `${id}.used`),
  };
}

export function readMarker(folder: string): EnvironmentMarker | undefined {
  const file = join(folder, '.complete');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as EnvironmentMarker) : undefined;
}

/** Tells that an environment is in use now, so that it is not collected. */
export async function stampUse({ stamp }: Pick<EnvironmentFiles, 'stamp'>, now = new Date()): Promise<void> {
  await utimes(stamp, now, now).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await writeFile(stamp, '');
  });
}

export interface EnsureOptions {
  /** Folder of all environments. */
  readonly root: string;
  readonly key: string;
  readonly kind: 'pip' | 'conda';
  readonly platform: string;
  /** Makes the folder; gives the version of its Python. */
  readonly build: (files: EnvironmentFiles) => Promise<string>;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Gives the environment of a key, building it once: concurrent callers wait for the one that
 * builds, and one that was left half-built is thrown away. Errors of `build` pass through.
 */
export async function ensureEnvironment(options: EnsureOptions): Promise<RuntimeEnvironment> {
  const { root, key, kind, platform, build } = options;
  const files = environmentFiles(root, key.slice('sha256:'.length, 'sha256:'.length + 32));
  const { folder, logFile } = files;
  const complete = (reused: boolean): RuntimeEnvironment | undefined => {
    const made = readMarker(folder);
    if (made === undefined) return undefined;
    return { key, kind, folder, platform, python: made.python, logFile, builtAt: made.builtAt, reused };
  };
  await mkdir(root, { recursive: true });
  await stampUse(files); // before looking: what is being collected sees it and is put back
  const ready = complete(true);
  if (ready !== undefined) return ready;

  const release = await waitForLock(() => lockEnvironment(folder, 4), {
    signal: options.signal,
    onWait: () => options.onLine?.('waiting for another run that builds the same environment'),
  });
  try {
    const built = complete(true);
    if (built !== undefined) return built;
    await rm(folder, { recursive: true, force: true });
    await rm(logFile, { force: true });
    const python = await build(files);
    const marker: EnvironmentMarker = { builtAt: new Date().toISOString(), python, platform, kind, key };
    await writeFile(join(folder, '.complete.new'), JSON.stringify(marker));
    await rename(join(folder, '.complete.new'), join(folder, '.complete'));
    return complete(false) as RuntimeEnvironment;
  } finally {
    // a lock that was taken over is no longer ours to give back
    await release().catch(() => undefined);
  }
}

export function lockEnvironment(folder: string, retries: number): Promise<() => Promise<void>> {
  return lockfile.lock(folder, {
    realpath: false,
    stale: STALE_LOCK_MS,
    update: STALE_LOCK_MS / 3,
    retries: { retries, minTimeout: 250, maxTimeout: 500 },
    // the marker decides whether the environment counts, not the lock
    onCompromised: () => undefined,
  });
}
