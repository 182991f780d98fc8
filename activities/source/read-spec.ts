import { parse, YAMLParseError } from 'yaml';
import { projectSchema, type ProjectSpec } from '../../src/contracts/project/project.ts';
import { environmentSource } from '../../src/domain/pipelines/environment-source.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { parameterSpace } from '../../src/domain/search/parameter-space.ts';
import { planTrials } from '../../src/domain/search/plan-trials.ts';
import { parseInput } from '../../src/errors/parse-input.ts';
import type { EnvironmentRequest } from '../../src/ports/project-runtime.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';
import { digestOf } from '../../src/base/digest.ts';

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

/** What stands in the way of the search that windlass.yaml declares. */
function searchProblems({ train }: ProjectSpec): { field: string; problem: string }[] {
  if (train.search === undefined) return [];
  const { strategy = 'random', trials } = train.search;
  const plan = planTrials(parameterSpace(train.params, { lists: true }), {
    strategy,
    trials,
    seed: train.seed,
  });
  return plan.problems.map(({ field, problem }) => ({ field: `train.${field}`, problem }));
}

/**
 * Reads and validates windlass.yaml, and that the files it names are there; throws
 * PROJECT_NOT_FOUND or PROJECT_INVALID.
 */
export function readSpec(files: readonly ProjectFile[], where: string): ProjectSpec {
  const file = files.find((f) => f.path === SPEC_FILE);
  if (file === undefined)
    throw new WindlassError('PROJECT_NOT_FOUND', `There is no ${SPEC_FILE} in ${where}.`, {
      hint: `Commit a ${SPEC_FILE} to the project folder; examples/pump-health shows one.`,
    });
  const spec = parseInput(projectSchema, parseYaml(file.content.toString('utf8')), {
    code: 'PROJECT_INVALID',
    what: SPEC_FILE,
  });
  const paths = new Set(files.map((f) => f.path));
  const holds = (path: string): boolean =>
    paths.has(path) || files.some((f) => f.path.startsWith(`${path.replace(/\/$/, '')}/`));
  const named = [
    ...(['lock', 'conda'] as const).map((kind) => ({
      field: `environment.${kind}`,
      path: spec.environment[kind],
    })),
    { field: 'serve.entry', path: spec.serve.entry },
    ...spec.serve.assets.map((path, i) => ({ field: `serve.assets.${i}`, path })),
  ];
  const missing = named.filter(({ path }) => path !== undefined && !holds(path));
  if (missing.length > 0)
    throw new WindlassError(
      'PROJECT_INVALID',
      `${SPEC_FILE} names files that are not in ${where}: ${missing.map((m) => `${m.field}: ${m.path}`).join('; ')}.`,
      { details: { problems: missing.map((m) => ({ field: m.field, problem: `there is no ${m.path}` })) } },
    );
  const problems = searchProblems(spec);
  if (problems.length > 0)
    throw new WindlassError(
      'PROJECT_INVALID',
      `${SPEC_FILE} is not valid. ${problems.map((p) => `${p.field}: ${p.problem}`).join('; ')}.`,
      { details: { problems } },
    );
  return spec;
}

/**
 * What a project's environment is made from; throws PROJECT_INVALID when its file is not in the
 * bundle.
 */
export function environmentRequest(files: readonly ProjectFile[], spec: ProjectSpec): EnvironmentRequest {
  const source = environmentSource(spec.environment);
  if (source.kind === 'image') return source;
  const { kind, path } = source;
  const content = files.find((f) => f.path === path)?.content;
  if (content === undefined)
    throw new WindlassError('PROJECT_INVALID', `The source bundle has no file ${path}.`);
  return kind === 'pip' ? { kind, lock: content } : { kind, file: content };
}

/** sha256 of the file, or of the image's reference, that an environment is made from. */
export function environmentDigest(request: EnvironmentRequest): string {
  switch (request.kind) {
    case 'pip':
      return digestOf(request.lock);
    case 'conda':
      return digestOf(request.file);
    case 'image':
      return digestOf(request.reference);
  }
}
