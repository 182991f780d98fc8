import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { errorCode } from '../../base/error-code.ts';
import { firstLineOf, messageOf } from '../../base/error-message.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { runBuild } from './build-commands.ts';
import type { EnsureOptions, EnvironmentFiles } from './environment-store.ts';

const run = promisify(execFile);
const HERE = `${platform()}-${arch()}`;

/** Digest that identifies the environment of a conda file on this platform. */
export function condaKey(file: Uint8Array): string {
  const hash = createHash('sha256').update('conda\0').update(file).update(`\0${HERE}`);
  return `sha256:${hash.digest('hex')}`;
}

const condaFile = z.object({
  channels: z.array(z.string()).default([]),
  dependencies: z
    .array(z.union([z.string(), z.strictObject({ pip: z.array(z.string()) })]))
    .min(1, 'expected a list of packages'),
});

/** `name=1.2.3` or `channel::name=1.2.3=build`, in one of conda's spellings; no ranges, no `*`. */
const PINNED = /^([\w.-]+::)?[\w.-]+ *==?[\w.!+]+(=[\w.]+)?$/;
const PIP_PINNED = /^[\w.-]+(\[[\w.,-]+\])? *==[\w.!+]+$/;

function invalid(problems: readonly string[]): WindlassError {
  return new WindlassError(
    'PROJECT_INVALID',
    `The conda environment file is not valid: ${problems.join('; ')}.`,
    {
      hint: 'Name each package with one version, e.g. "numpy=2.3.1"; `micromamba env export` writes them.',
      details: { problems: problems.map((problem) => ({ field: 'environment.conda', problem })) },
    },
  );
}

/**
 * Throws PROJECT_INVALID unless every package has one version: what the solver chooses would differ
 * from day to day.
 */
export function checkCondaFile(file: Uint8Array): void {
  let value: unknown;
  try {
    value = parse(Buffer.from(file).toString('utf8'));
  } catch (error) {
    throw invalid([`it is not YAML: ${firstLineOf(error)}`]);
  }
  const parsed = condaFile.safeParse(value);
  if (!parsed.success) throw invalid(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`));
  const loose = parsed.data.dependencies.flatMap((entry) =>
    typeof entry === 'string'
      ? [entry].filter((e) => !PINNED.test(e))
      : entry.pip.filter((e) => !PIP_PINNED.test(e)),
  );
  if (loose.length > 0) throw invalid(loose.map((entry) => `"${entry}" has no single version`));
}

/** The version of micromamba on PATH; throws ENVIRONMENT_FAILED that says how to get it. */
async function findMicromamba(program: string): Promise<string> {
  try {
    return (await run(program, ['--version'], { timeout: 20_000 })).stdout.trim();
  } catch (error) {
    const missing = errorCode(error) === 'ENOENT';
    throw new WindlassError(
      'ENVIRONMENT_FAILED',
      missing
        ? `The project's environment is a conda file, and ${program} is not on the PATH of the training worker.`
        : `${program} does not run: ${messageOf(error)}`,
      {
        hint: 'Install micromamba (https://mamba.readthedocs.io, one static program) and start the worker anew, or give a requirements.lock with hashes instead.',
        cause: error,
      },
    );
  }
}

/**
 * The command that makes a conda environment: no configuration of the machine's user takes part.
 */
export function micromambaCommand(
  program: string,
  { root, prefix, file }: { readonly root: string; readonly prefix: string; readonly file: string },
): readonly [string, ...string[]] {
  const isolated = ['--no-rc', '--no-env', '--root-prefix', join(root, 'micromamba')];
  return [program, 'create', '--yes', ...isolated, '--prefix', prefix, '--file', file];
}

async function pythonOf({ folder }: EnvironmentFiles): Promise<string> {
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) return 'none';
  const { stdout } = await run(python, ['-c', 'import platform; print(platform.python_version())']);
  return stdout.trim();
}

/**
 * An environment from a conda file, made by micromamba. Throws PROJECT_INVALID and
 * ENVIRONMENT_FAILED.
 */
export async function condaEnvironment(
  file: Uint8Array,
  program: string,
  options: Pick<EnsureOptions, 'root' | 'signal' | 'onLine'>,
): Promise<EnsureOptions> {
  checkCondaFile(file);
  await findMicromamba(program);
  const { root } = options;
  return {
    ...options,
    kind: 'conda',
    key: condaKey(file),
    platform: HERE,
    build: async (files) => {
      // Beside the prefix, which must not be there yet; the name tells micromamba the format.
      const yaml = join(root, `${files.id}.yaml`);
      await writeFile(yaml, file);
      const command = micromambaCommand(program, { root, prefix: files.folder, file: yaml });
      const listed = [program, 'list', '--prefix', files.folder] as const;
      await runBuild([{ command }, { command: listed }], files, { ...options, platform: HERE });
      return pythonOf(files);
    },
  };
}
