import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { WindlassError } from '../../errors/windlass-error.ts';
import { cleanEnvironment } from '../process/clean-environment.ts';
import { describeEnd, type RuntimeEnvironment } from '../../ports/project-runtime.ts';
import { runCommand } from '../process/run-command.ts';
import type { PythonInstallation } from './find-python.ts';

const STALE_LOCK_MS = 15_000;
const BUILD_TIMEOUT_MS = 30 * 60_000;

interface Marker {
  readonly builtAt: string;
  readonly python: string;
  readonly platform: string;
}

/** Digest that identifies the environment of a lock file on this Python and platform. */
export function environmentKey(lock: Uint8Array, python: PythonInstallation): string {
  const hash = createHash('sha256').update(lock);
  hash.update(`\0${python.version}\0${python.platform}`);
  return `sha256:${hash.digest('hex')}`;
}

function marker(folder: string): Marker | undefined {
  const file = join(folder, '.complete');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Marker) : undefined;
}

export interface EnvironmentOptions {
  /** Folder of all environments. */
  readonly root: string;
  readonly python: PythonInstallation;
  readonly lock: Uint8Array;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/**
 * Gives the environment of a lock file, building it once: concurrent callers wait for the one that builds, and one that was left
 * half-built is thrown away. Every package must carry a hash. Throws ENVIRONMENT_FAILED with the last lines of the build log.
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<RuntimeEnvironment> {
  const { root, python, lock } = options;
  const key = environmentKey(lock, python);
  const id = key.slice('sha256:'.length, 'sha256:'.length + 32);
  const folder = join(root, id);
  const logFile = join(root, `${id}.log`);
  const known = { key, folder, python: python.version, platform: python.platform, logFile };
  const complete = (reused: boolean): RuntimeEnvironment | undefined => {
    const made = marker(folder);
    return made === undefined ? undefined : { ...known, builtAt: made.builtAt, reused };
  };
  const ready = complete(true);
  if (ready !== undefined) return ready;

  await mkdir(root, { recursive: true });
  const release = await waitForLock(join(root, id), options);
  try {
    const built = complete(true);
    if (built !== undefined) return built;
    await rm(folder, { recursive: true, force: true });
    await rm(logFile, { force: true });
    await build(options, { folder, logFile, pidFile: join(root, `${id}.pid`) });
    const content: Marker = {
      builtAt: new Date().toISOString(),
      python: python.version,
      platform: python.platform,
    };
    await writeFile(join(folder, '.complete.new'), JSON.stringify(content));
    await rename(join(folder, '.complete.new'), join(folder, '.complete'));
    return complete(false) as RuntimeEnvironment;
  } finally {
    await release().catch(() => undefined); // a lock that was taken over is no longer ours to give back
  }
}

/** Takes the lock, waiting while another builds; its work may take long, so only cancellation ends the wait. */
async function waitForLock(
  path: string,
  { signal, onLine }: EnvironmentOptions,
): Promise<() => Promise<void>> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lockfile.lock(path, {
        realpath: false,
        stale: STALE_LOCK_MS,
        update: STALE_LOCK_MS / 3,
        retries: { retries: 4, minTimeout: 250, maxTimeout: 500 },
        onCompromised: () => undefined, // the marker decides whether the environment counts, not the lock
      });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ELOCKED') throw error;
      onLine?.('waiting for another run that builds the same environment');
    }
  }
}

async function build(
  options: EnvironmentOptions,
  files: { folder: string; logFile: string; pidFile: string },
): Promise<void> {
  const { python, lock, signal, onLine } = options;
  const { folder, logFile, pidFile } = files;
  const lockFile = join(folder, 'requirements.lock');
  const pip = [
    join(folder, 'bin', 'python'),
    '-m',
    'pip',
    'install',
    '--require-hashes',
    '--no-input',
    '--disable-pip-version-check',
    '--progress-bar=off',
    '--requirement',
    lockFile,
  ];
  const commands: [string, ...string[]][] = [
    [python.executable, '-m', 'venv', folder],
    [pip[0] as string, ...pip.slice(1)],
  ];
  for (const [i, command] of commands.entries()) {
    if (i === 1) await writeFile(lockFile, lock);
    const result = await runCommand({
      command,
      cwd: options.root,
      env: { ...cleanEnvironment(), PYTHONNOUSERSITE: '1', PIP_NO_COLOR: '1' },
      logFile,
      pidFile,
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
      onLine: (line) => onLine?.(line),
    });
    if (result.exitCode === 0) continue;
    await rm(folder, { recursive: true, force: true });
    const last = result.lastLines.filter((l) => l.trim() !== '').slice(-12);
    throw new WindlassError(
      'ENVIRONMENT_FAILED',
      `The environment could not be built: ${describeEnd(result)}. ${last.at(-1) ?? ''}`.trim(),
      { details: { lastLines: last, python: python.version, platform: python.platform, logFile } },
    );
  }
}

/** Environment variables that put the environment's programs first and make Python behave the same everywhere. */
export function pythonVariables(environment: Pick<RuntimeEnvironment, 'folder'>): Record<string, string> {
  const clean = cleanEnvironment();
  return {
    ...clean,
    PATH: `${join(environment.folder, 'bin')}:${clean.PATH ?? '/usr/bin:/bin'}`,
    VIRTUAL_ENV: environment.folder,
    PYTHONHASHSEED: '0',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONNOUSERSITE: '1',
  };
}
