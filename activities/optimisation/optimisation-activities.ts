import { join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import { profilingQueue, TASK_QUEUES } from '../../src/contracts/names.ts';
import type { ModelProfile, OptimisationResult } from '../../src/contracts/build/optimisation.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { digestsOf } from '../../src/domain/registry/artefact-digests.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { compareModels } from '../../src/domain/comparison/compare.ts';
import { NATIVE_RUNTIME } from '../../src/domain/model-gates/target-runtimes.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { environmentOf } from '../environment/environment-activities.ts';
import { comparisonPlan, readScores } from '../evaluation/compare.ts';
import { cachedStep } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { inRunFolder } from '../shared/run-folder.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';
import {
  makeCandidate,
  type CandidateArtefacts,
  type CandidateDeps,
  type CandidateRequest,
} from './make-candidate.ts';

export interface OptimisationDeps extends CandidateDeps {
  readonly machine: ModelProfile['machine'];
  /** Whether a worker polls this task queue for activities. */
  readonly isPolled: (taskQueue: string) => Promise<boolean>;
}

export interface LossRequest {
  /** ScoresFile of the model as it was trained, and of the candidate. */
  readonly original: ArtefactRef;
  readonly candidate: ArtefactRef;
  readonly spec: ProjectSpec;
  readonly seed: number;
}

export type OptimisationActivities = ReturnType<typeof createOptimisationActivities>;

/** Activities that make and judge cheaper forms of a trained model. */
export function createOptimisationActivities(deps: OptimisationDeps) {
  const { artefacts } = deps;
  return {
    /**
     * The model and its fold models in another form; throws OPTIMISATION_FAILED or MODEL_INVALID.
     */
    makeCandidate: (
      request: CandidateRequest & { reuse: boolean },
    ): Promise<StepOutput<CandidateArtefacts>> =>
      withHeartbeats(async (report, signal) => {
        const { kind, onnx, folds, spec, bundle, reuse } = request;
        // The graph is rewritten by our own runtime.
        const environment =
          kind === 'graph' ? undefined : await environmentOf(deps, { spec, bundle }, { signal });
        const identity = {
          step: 'candidate',
          version: 1,
          inputs: {
            kind,
            made: environment?.key ?? NATIVE_RUNTIME.version,
            onnx: onnx.digest,
            folds: digestsOf(folds),
          },
          same: 'same model and environment',
          reuse,
        };
        return inRunFolder(deps.work, `optimise-${kind}`, (folder) =>
          cachedStep(deps, identity, () =>
            makeCandidate(deps, { ...request, environment }, { folder, signal, report }),
          ),
        );
      }),

    /**
     * A candidate against the model as it was trained, on the same windows and by the rules for a
     * challenger.
     */
    compareCandidate: ({ original, candidate, spec, seed }: LossRequest): Promise<Comparison> =>
      withHeartbeats(async () => {
        const [before, after] = [
          await readScores(artefacts, original),
          await readScores(artefacts, candidate),
        ];
        const scoresOf = new Map(after.groups.map((g) => [g.group, g.scores]));
        // A group too short for a window is none that an interval may rest on.
        const scored = before.groups.filter((g) => g.rows.length > 0);
        const pairs = scored.map(({ scores, ...group }) => ({
          ...group,
          champion: scores,
          challenger: scoresOf.get(group.group) ?? [],
        }));
        const plan = comparisonPlan(spec, { version: 'original', threshold: spec.model.threshold });
        return compareModels(pairs, { ...plan, seed });
      }),

    /**
     * Of the platforms those that something can be measured on, each with the task queue to ask.
     */
    findProfilers: async (request: {
      readonly platforms: readonly string[];
    }): Promise<ReadonlyArray<{ readonly platform: string; readonly taskQueue: string | null }>> => {
      const platforms = request.platforms.length === 0 ? [deps.machine.platform] : request.platforms;
      return Promise.all(
        platforms.map(async (platform) => {
          const taskQueue = profilingQueue(platform);
          if (await deps.isPolled(taskQueue)) return { platform, taskQueue };
          return { platform, taskQueue: platform === deps.machine.platform ? TASK_QUEUES.training : null };
        }),
      );
    },

    /**
     * Golden rows with the model's own predictions: what a form that is meant to differ is held to
     * on other machines.
     */
    keepOwnGolden: (request: {
      readonly onnx: ArtefactRef;
      readonly golden: ArtefactRef;
      readonly spec: ProjectSpec;
    }): Promise<ArtefactRef> =>
      withHeartbeats((_report, signal) =>
        withTempFolder(async (folder) => {
          const at = (name: string): string => join(folder, name);
          await artefacts.toFile(request.onnx.digest, at('model.onnx'));
          await artefacts.toFile(request.golden.digest, at('golden.json'));
          const files = { modelFile: at('model.onnx'), goldenFile: at('golden.json'), to: at('own.json') };
          await deps.models.predictGolden({ ...files, expect: modelExpectation(request.spec) }, { signal });
          return artefacts.putFile(at('own.json'), 'application/json');
        }),
      ),

    /** Keeps what was tried as an artefact. */
    keepOptimisation: (result: OptimisationResult): Promise<ArtefactRef> =>
      artefacts.put(canonicalJson(result), 'application/json'),
  };
}
