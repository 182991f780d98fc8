import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { SearchResult, TrialPlan } from '../../src/contracts/build/search.ts';
import { digestsOf } from '../../src/domain/registry/artefact-digests.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { environmentOf, type ProjectCode } from '../environment/environment-activities.ts';
import { evaluate, type EvaluateDeps } from '../evaluation/evaluate.ts';
import { cachedStep } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { inResumableFolder, inRunFolder } from '../shared/run-folder.ts';
import { planSearch, type PlanSearchRequest, type SearchPlan } from './plan-search.ts';
import { runTraining, type TrainDeps } from './run-training.ts';
import { storeFolds } from './train-outputs.ts';

export type SearchDeps = TrainDeps & EvaluateDeps;

export interface TrialRequest extends ProjectCode {
  /** The snapshot without the groups that are measured later. */
  readonly data: DataRef;
  readonly params: Readonly<Record<string, unknown>>;
  readonly plan: TrialPlan;
  readonly reuse: boolean;
}

export interface TrialOutcome {
  /**
   * F1 of the platform's evaluation on the validation groups, each scored by the model that did not
   * see it.
   */
  readonly metric: number;
  readonly seconds: number;
}

async function timed<T extends object>(work: () => Promise<T>): Promise<T & { readonly seconds: number }> {
  const began = performance.now();
  const value = await work();
  return { ...value, seconds: (performance.now() - began) / 1000 };
}

export type SearchActivities = ReturnType<typeof createSearchActivities>;

/** Activities of a search for parameters. */
export function createSearchActivities(deps: SearchDeps) {
  return {
    /**
     * The trials and the data for them; throws INPUT_INVALID or DATA_INVALID that says what stands
     * in the way.
     */
    planSearch: (request: PlanSearchRequest): Promise<SearchPlan> =>
      withHeartbeats(() => planSearch(deps, request)),

    /**
     * Trains the fold models of one trial and judges them; throws TRAIN_FAILED with the last lines
     * of its log.
     */
    runTrial: (request: TrialRequest): Promise<StepOutput<TrialOutcome>> =>
      withHeartbeats(async (report, signal) => {
        const { spec, bundle, data, reuse } = request;
        const { trial, seed } = request.plan;
        const environment = await environmentOf(deps, request, { signal });
        const params = { ...spec.train.params, ...request.params, ...request.plan.params };
        const inputs = {
          bundle: bundle.digest,
          environment: environment.key,
          data: data.digest,
          run: spec.train.run,
          params,
          seed,
        };
        const same = 'same source bundle, environment, data, parameters and seed';
        const trained = await inResumableFolder(deps.work, 'train', (folder) =>
          cachedStep(deps, { step: 'train-trial', version: 1, inputs, same, reuse }, () =>
            timed(async () => {
              const training = { spec, bundle, environment, data, params, seed, trial };
              const { out, folds, log } = await runTraining(deps, training, { report, signal, folder });
              return { folds: await storeFolds(deps.artefacts, out, folds), log };
            }),
          ),
        );
        const { folds } = trained.value;
        const digests = digestsOf(folds);
        const judging = {
          step: 'judge-trial',
          version: 1,
          inputs: {
            bundle: bundle.digest,
            environment: environment.key,
            folds: digests,
            data: data.digest,
            columns: spec.data,
            model: spec.model,
            seed,
          },
          same,
          reuse,
        };
        const judged = await inRunFolder(deps.work, 'judge', (folder) =>
          cachedStep(deps, judging, () =>
            timed(async () => {
              const { metrics } = await evaluate(
                deps,
                { bundle, folds, data, spec, seed },
                { folder, signal, report: (message) => report({ message: `trial ${trial}: ${message}` }) },
              );
              return { metric: metrics.f1 };
            }),
          ),
        );
        const seconds = trained.value.seconds + judged.value.seconds;
        const value = { metric: judged.value.metric, seconds: Math.round(seconds * 1000) / 1000 };
        return { ...trained, value, cached: trained.cached === true && judged.cached === true };
      }),

    /** Keeps the record of a search as artefact. */
    keepSearch: (result: SearchResult): Promise<ArtefactRef> =>
      withHeartbeats(() => deps.artefacts.put(canonicalJson(result), 'application/json')),
  };
}
