import { join } from 'node:path';
import type { RuntimeEnvironment } from '../../ports/project-runtime.ts';
import { cleanEnvironment } from '../process/clean-environment.ts';

/**
 * Environment variables that put the environment's programs first and make Python behave the same
 * everywhere.
 */
export function environmentVariables({
  folder,
  kind,
}: Pick<RuntimeEnvironment, 'folder' | 'kind'>): Record<string, string> {
  const clean = cleanEnvironment();
  return {
    ...clean,
    PATH: `${join(folder, 'bin')}:${clean.PATH ?? '/usr/bin:/bin'}`,
    [kind === 'conda' ? 'CONDA_PREFIX' : 'VIRTUAL_ENV']: folder,
    PYTHONHASHSEED: '0',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONNOUSERSITE: '1',
  };
}
