import { createHash } from 'node:crypto';
import { parse, YAMLParseError } from 'yaml';
import { projectSchema, type ProjectSpec } from '../../src/contracts/project.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { parseOrThrow } from '../../src/errors/zod-error.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';

export const SPEC_FILE = 'windlass.yaml';

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new WindlassError('PROJECT_INVALID', `${SPEC_FILE} is not YAML: ${error.message.split('\n')[0]}`, {
      cause: error,
    });
  }
}

/** Reads and validates windlass.yaml, and that the files it names are there; throws PROJECT_NOT_FOUND or PROJECT_INVALID. */
export function readSpec(files: readonly ProjectFile[], where: string): ProjectSpec {
  const file = files.find((f) => f.path === SPEC_FILE);
  if (file === undefined)
    throw new WindlassError('PROJECT_NOT_FOUND', `There is no ${SPEC_FILE} in ${where}.`, {
      hint: `Commit a ${SPEC_FILE} to the project folder; examples/pump-health shows one.`,
    });
  const spec = parseOrThrow(projectSchema, parseYaml(file.content.toString('utf8')), {
    code: 'PROJECT_INVALID',
    what: SPEC_FILE,
  });
  const paths = new Set(files.map((f) => f.path));
  const holds = (path: string): boolean =>
    paths.has(path) || files.some((f) => f.path.startsWith(`${path.replace(/\/$/, '')}/`));
  const named = [
    { field: 'environment.lock', path: spec.environment.lock },
    { field: 'serve.entry', path: spec.serve.entry },
    ...spec.serve.assets.map((path, i) => ({ field: `serve.assets.${i}`, path })),
  ];
  const missing = named.filter(({ path }) => !holds(path));
  if (missing.length > 0)
    throw new WindlassError(
      'PROJECT_INVALID',
      `${SPEC_FILE} names files that are not in ${where}: ${missing.map((m) => `${m.field}: ${m.path}`).join('; ')}.`,
      { details: { problems: missing.map((m) => ({ field: m.field, problem: `there is no ${m.path}` })) } },
    );
  return spec;
}

/** The bytes of the environment lock of a project; throws PROJECT_INVALID when it is not in the bundle. */
export function lockOf(files: readonly ProjectFile[], lock: string): Buffer {
  const file = files.find((f) => f.path === lock);
  if (file === undefined)
    throw new WindlassError('PROJECT_INVALID', `The source bundle has no file ${lock}.`);
  return file.content;
}

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
