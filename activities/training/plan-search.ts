import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { DataFile, DataManifest } from '../../src/contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type {
  FoldGroups,
  SearchOptions,
  SearchStrategy,
  TrialPlan,
} from '../../src/contracts/build/search.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { parameterSpace } from '../../src/domain/search/parameter-space.ts';
import { planTrials } from '../../src/domain/search/plan-trials.ts';
import {
  chosenFiles,
  foldProblem,
  foldsOf,
  MIN_SEARCH_FOLDS,
  splitFolds,
  trialFiles,
} from '../../src/domain/search/validation-folds.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import { dataSetDigest, readManifest } from '../data/manifest.ts';

const PARALLEL = 4;

export interface PlanSearchRequest {
  readonly spec: ProjectSpec;
  /** Overrides of windlass.yaml's train.params and train.search. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly search: SearchOptions | undefined;
  readonly validationFolds: readonly number[];
  readonly data: DataRef;
  readonly seed: number;
}

/** What a build with a search (or with folds of an earlier one) does. */
export interface SearchPlan {
  readonly strategy: SearchStrategy;
  readonly parallel: number;
  /** None when every parameter has one value. */
  readonly trials: readonly TrialPlan[];
  readonly validation: FoldGroups;
  readonly evaluation: FoldGroups;
  /** For the trials: without the groups of `evaluation`. */
  readonly trialData: DataRef;
  /**
   * For training and evaluation of the chosen model: groups of `validation` train, and are not
   * measured.
   */
  readonly data: DataRef;
}

interface Deps {
  readonly artefacts: ArtefactStore;
}

/** The same snapshot with other files or folds, under a digest of its own. */
async function derive({ artefacts }: Deps, data: DataRef, files: readonly DataFile[]): Promise<DataRef> {
  const digest = dataSetDigest(files);
  const manifest: DataManifest = { schema: 'windlass.data/1', digest, files };
  return {
    digest,
    source: data.source,
    files: files.length,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    manifest: await artefacts.put(canonicalJson(manifest), 'application/json'),
  };
}

function refusePlan(problems: ReadonlyArray<{ readonly field: string; readonly problem: string }>): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ field, problem }) => `- ${field}: ${problem}`).join('\n');
  throw new WindlassError('INPUT_INVALID', `The parameters cannot be searched:\n${lines}`, {
    details: { problems },
  });
}

function validationOf(files: readonly DataFile[], count: number | undefined, given: readonly number[]) {
  const folds = foldsOf(files);
  if (given.length > 0) {
    const unknown = foldProblem(given, folds);
    if (unknown !== undefined) throw new WindlassError('INPUT_INVALID', `${unknown} in the data.`);
    const test = folds.filter((f) => !given.includes(f));
    if (test.length > 0) return { validation: folds.filter((f) => given.includes(f)), test };
    throw new WindlassError(
      'INPUT_INVALID',
      `validationFolds ${given.join(', ')} leaves no group to measure the model on: the data have folds ${folds.join(', ')}.`,
    );
  }
  const split = splitFolds(folds, count);
  if (split !== undefined) return split;
  throw new WindlassError(
    'DATA_INVALID',
    folds.length < MIN_SEARCH_FOLDS
      ? `A search needs labelled groups in at least ${MIN_SEARCH_FOLDS} folds, two to choose by and one to measure on; the data have ${folds.length}.`
      : `search.folds is ${count ?? 0}, but the data have ${folds.length} folds: at least one must be left to measure on.`,
    { hint: 'Raise evaluation.folds in windlass.yaml, or give more labelled files.' },
  );
}

/**
 * Plans the trials and splits the groups, so that the chosen model is measured on groups that no
 * trial was given.
 */
export async function planSearch(deps: Deps, request: PlanSearchRequest): Promise<SearchPlan> {
  const { spec, data, seed, validationFolds } = request;
  const declared = request.search ?? spec.train.search;
  const options = { ...spec.train.search, ...request.search };
  const lists = declared !== undefined;
  const space = parameterSpace({ ...spec.train.params, ...request.params }, { lists });
  const strategy = options.strategy ?? 'random';
  const { trials, problems } =
    space.size === 0 ? { trials: [], problems: [] } : planTrials(space, { ...options, strategy, seed });
  refusePlan(problems);
  if (space.size === 0 && parameterSpace(spec.train.params, { lists }).size === 0 && lists)
    refusePlan([
      {
        field: 'train.params',
        problem:
          'a search is declared, but every parameter has one value: write e.g. depth: {choice: [4, 6, 8]} or rate: {range: [0.001, 1], log: true}',
      },
    ]);
  const { files } = await readManifest(deps.artefacts, data);
  const nothing = space.size === 0 && validationFolds.length === 0;
  const { validation, test } = nothing
    ? { validation: [], test: foldsOf(files) }
    : validationOf(files, options.folds, validationFolds);
  const groups = (folds: readonly number[]): FoldGroups => ({
    folds,
    groups: files.filter((f) => f.fold !== null && folds.includes(f.fold)).length,
  });
  return {
    strategy,
    trials,
    parallel: options.parallel ?? PARALLEL,
    validation: groups(validation),
    evaluation: groups(test),
    trialData: nothing ? data : await derive(deps, data, trialFiles(files, validation)),
    data: nothing ? data : await derive(deps, data, chosenFiles(files, validation)),
  };
}
