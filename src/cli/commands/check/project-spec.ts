import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { projectSchema } from '../../../contracts/project/project.ts';
import type { ProjectSpec } from '../../../contracts/project/project.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { parseInput } from '../../../errors/parse-input.ts';

/**
 * windlass.yaml of a folder as it lies there, committed or not. Throws PROJECT_NOT_FOUND or
 * PROJECT_INVALID.
 */
export async function readProjectSpec(folder: string): Promise<ProjectSpec> {
  const path = join(folder, 'windlass.yaml');
  if ((await stat(path).catch(() => undefined))?.isFile() !== true)
    throw new WindlassError('PROJECT_NOT_FOUND', `There is no windlass.yaml in ${folder}.`, {
      hint: 'Name the folder of a training project with --project; examples/pump-health is one.',
    });
  return parseInput(projectSchema, parseYaml(await readFile(path, 'utf8')), {
    code: 'PROJECT_INVALID',
    what: 'windlass.yaml',
  });
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new WindlassError('PROJECT_INVALID', `windlass.yaml is not YAML: ${error.message.split('\n')[0]}`, {
      cause: error,
    });
  }
}
