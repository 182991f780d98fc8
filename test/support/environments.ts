import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';

/**
 * Python environments that test files share, and one run of the tests with the next: each lies
 * under the digest of its lock file, and is made once.
 */
export const SHARED_ENVIRONMENTS = join(import.meta.dirname, '../../.windlass/envs');

/**
 * Makes the environment of a project's lock file, unless it is there: a build then takes it from
 * the cache for sure.
 */
export async function shareEnvironment(lockFile: string): Promise<void> {
  const runtime = createPythonRuntime({ environments: SHARED_ENVIRONMENTS });
  await runtime.ensure({ kind: 'pip', lock: readFileSync(lockFile) });
}
