import { spawnSync } from 'node:child_process';
import { dockerClient, engineVersion } from '../../src/adapters/docker/engine.ts';
import { findPython } from '../../src/adapters/python/find-python.ts';

/** Why tests that need Python skip, or nothing when one with venv is there. */
export async function noPython(): Promise<string | undefined> {
  try {
    await findPython();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why tests that need a Docker Engine skip, or nothing when one answers. */
export async function noDocker(): Promise<string | undefined> {
  return (await engineVersion(dockerClient())) === undefined ? 'no Docker Engine answers' : undefined;
}

/** Why tests that start this program skip, or nothing when it is on PATH. */
export function noProgram(name: string): string | undefined {
  return spawnSync(name, ['--version']).status === 0 ? undefined : `${name} is not installed`;
}
