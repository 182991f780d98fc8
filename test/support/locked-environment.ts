import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { EnvironmentRequest } from '../../src/ports/project-runtime.ts';

/** The environment of a project folder's pip lock file. */
export function lockedEnvironment(project: string, { environment }: ProjectSpec): EnvironmentRequest {
  if (environment.lock === undefined) throw new Error(`${project} has no pip lock file`);
  return { kind: 'pip', lock: readFileSync(join(project, environment.lock)) };
}
