import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runBuild } from './build-commands.ts';
import type { EnsureOptions } from './environment-store.ts';
import type { PythonInstallation } from './find-python.ts';

/** Digest that identifies the environment of a pip lock file on this Python and platform. */
export function pipKey(lock: Uint8Array, python: PythonInstallation): string {
  const hash = createHash('sha256').update(lock);
  hash.update(`\0${python.version}\0${python.platform}`);
  return `sha256:${hash.digest('hex')}`;
}

/**
 * A virtual environment with exactly what a pip lock file names; every package must carry a hash.
 */
export function pipEnvironment(
  lock: Uint8Array,
  python: PythonInstallation,
  options: Pick<EnsureOptions, 'root' | 'signal' | 'onLine'>,
): EnsureOptions {
  const { platform } = python;
  return {
    ...options,
    kind: 'pip',
    key: pipKey(lock, python),
    platform,
    build: async (files) => {
      const lockFile = join(files.folder, 'requirements.lock');
      const venv = [python.executable, '-m', 'venv', files.folder] as const;
      await runBuild([{ command: venv }], files, { ...options, platform });
      await writeFile(lockFile, lock);
      const pip = [join(files.folder, 'bin', 'python'), '-m', 'pip', 'install'] as const;
      const quiet = ['--no-input', '--disable-pip-version-check', '--progress-bar=off'];
      const command = [...pip, '--require-hashes', ...quiet, '--requirement', lockFile] as const;
      await runBuild([{ command }], files, { ...options, platform });
      return python.version;
    },
  };
}
