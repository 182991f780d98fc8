import { resolve } from 'node:path';
import { BUILD_STEPS, type BuildStep } from '../../../contracts/build/build-steps.ts';
import type { BuildInput } from '../../../contracts/build/build.ts';
import { OPTIMISATIONS, type Optimisation } from '../../../contracts/build/optimisation.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { countOption, dataAt, projectAt } from '../../shared/option-values.ts';
import type { ByOptions } from '../../shared/with-registry.ts';

/** Options of `windlass train` as they are typed. */
export interface TrainOptions extends ByOptions {
  readonly project?: string;
  readonly pipeline?: string;
  readonly data?: string;
  readonly ref?: string;
  readonly seed?: string;
  readonly cache: boolean;
  readonly redo?: string;
  readonly from?: string;
  readonly allowDirty?: boolean;
  readonly against?: string;
  readonly param: readonly string[];
  readonly trials?: string;
  readonly parallel?: string;
  readonly strategy?: string;
  readonly optimise?: string;
  readonly deploy?: 'auto' | 'approval' | 'never';
  readonly detach?: boolean;
}

function parameter(text: string): [string, unknown] {
  const at = text.indexOf('=');
  if (at <= 0)
    throw new WindlassError('INPUT_INVALID', `--param ${text} is not an assignment.`, {
      hint: 'Write --param NAME=VALUE, e.g. --param max_columns=6.',
    });
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

function step(text: string, option: string): BuildStep {
  const found = BUILD_STEPS.find((s) => s === text);
  if (found !== undefined) return found;
  throw new WindlassError(
    'INPUT_INVALID',
    `${option} ${text} is not a step: expected one of ${BUILD_STEPS.join(', ')}.`,
  );
}

function stepsWithoutCache({ cache, redo }: TrainOptions): NonNullable<BuildInput['noCache']> {
  if (!cache) return ['*'];
  return redo === undefined ? [] : redo.split(',').map((s) => step(s.trim(), '--redo'));
}

/** The workflow's input; relative paths become absolute here, where the user stands. */
export function trainInput(options: TrainOptions, cwd: string): BuildInput {
  const { project, pipeline, data, ref, seed, from, against, deploy, actor, reason } = options;
  if (project !== undefined && pipeline !== undefined)
    throw new WindlassError('INPUT_INVALID', 'Give --project or --pipeline, not both.', {
      hint: '--pipeline trains again what was published; --project builds a commit.',
    });
  if (seed !== undefined && !/^\d+$/.test(seed))
    throw new WindlassError('INPUT_INVALID', `--seed ${seed} is not a whole number of 0 or more.`);
  const noCache = stepsWithoutCache(options);
  const search = searchOptions(options);
  return {
    project: projectOf(options, cwd),
    pipeline,
    data: data === undefined ? undefined : dataAt(cwd, data),
    ref,
    seed: seed === undefined ? undefined : Number(seed),
    from: from === undefined ? undefined : step(from, '--from'),
    against,
    deploy: deploy === undefined ? undefined : { policy: deploy },
    params: Object.fromEntries(options.param.map(parameter)),
    search,
    optimise: options.optimise === undefined ? undefined : { candidates: forms(options.optimise) },
    allowDirty: options.allowDirty === true,
    noCache,
    actor,
    reason,
  };
}

/**
 * The project that is built: the one given, else the folder itself; none when a pipeline is
 * retrained.
 */
function projectOf({ project, pipeline }: TrainOptions, cwd: string): string | undefined {
  if (project !== undefined) return projectAt(cwd, project);
  return pipeline === undefined ? resolve(cwd) : undefined;
}

/**
 * Options of a search as numbers; what they mean together is checked with the project's parameters.
 */
function searchOptions({ trials, parallel, strategy }: TrainOptions): BuildInput['search'] {
  if (strategy !== undefined && strategy !== 'random' && strategy !== 'grid')
    throw new WindlassError('INPUT_INVALID', `--strategy ${strategy}: expected random or grid.`);
  if (trials === undefined && parallel === undefined && strategy === undefined) return undefined;
  return {
    trials: trials === undefined ? undefined : countOption('--trials', trials),
    parallel: parallel === undefined ? undefined : countOption('--parallel', parallel),
    strategy,
  };
}

/** The forms of the model to try; "none" switches off what windlass.yaml asks for. */
function forms(text: string): Optimisation[] {
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const found = OPTIMISATIONS.find((o) => o === part.trim());
    if (found !== undefined) return found;
    throw new WindlassError(
      'INPUT_INVALID',
      `--optimise ${text}: "${part.trim()}" is no form of a model: expected some of ${OPTIMISATIONS.join(', ')}, or none.`,
    );
  });
}
