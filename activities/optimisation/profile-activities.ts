import { join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { ModelProfile, Variant } from '../../src/contracts/build/optimisation.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';

export interface ProfileDeps extends StepDeps {
  readonly models: ModelRuntime;
  /** This one: measurements of its kind serve again. */
  readonly machine: ModelProfile['machine'];
}

export interface ProfileRequest {
  readonly models: ReadonlyArray<{ readonly variant: Variant; readonly onnx: ArtefactRef }>;
  readonly golden: ArtefactRef;
  readonly spec: ProjectSpec;
  readonly reuse: boolean;
}

/** What a form costs on one platform, or why it does not run there. */
export type VariantProfile = { readonly variant: Variant } & (
  { readonly profile: ModelProfile } | { readonly refused: string }
);
export type ProfileActivities = ReturnType<typeof createProfileActivities>;

const ROUNDS = 3;

/** The profile of a model, or why the runtime of this machine does not run it. */
async function profileOf(measuring: Promise<ModelProfile>): Promise<ModelProfile | string> {
  return measuring.catch((error: unknown) => {
    if (error instanceof WindlassError && error.code === 'MODEL_INVALID') return error.message;
    throw error;
  });
}

/**
 * Each model in turn, several times over, in processes of their own; of each the round with the
 * lowest median counts. A model that does not run in one of them is refused.
 */
async function measure(
  { artefacts, models }: ProfileDeps,
  request: ProfileRequest,
  { report, signal }: { readonly report: (details: unknown) => void; readonly signal: AbortSignal },
): Promise<VariantProfile[]> {
  return withTempFolder(async (folder) => {
    const goldenFile = join(folder, 'golden.json');
    await artefacts.toFile(request.golden.digest, goldenFile);
    const expect = modelExpectation(request.spec);
    const best = new Map<Variant, ModelProfile | string>();
    for (let round = 1; round <= ROUNDS; round += 1)
      for (const { variant, onnx } of request.models) {
        const before = best.get(variant);
        if (typeof before === 'string') continue;
        report({ message: `round ${round} of ${ROUNDS}: ${variant}` });
        const modelFile = join(folder, `${variant}.onnx`);
        if (round === 1) await artefacts.toFile(onnx.digest, modelFile);
        const found = await profileOf(models.profile({ modelFile, goldenFile, expect }, { signal }));
        if (typeof found === 'string' || before === undefined || found.latency.p50 < before.latency.p50)
          best.set(variant, found);
      }

    return [...best].map(([variant, found]) =>
      typeof found === 'string' ? { variant, refused: found } : { variant, profile: found },
    );
  });
}

/** Activities that measure what models cost on the machine that they run on. */
export function createProfileActivities(deps: ProfileDeps) {
  return {
    /**
     * Profiles of all models side by side; the same models on the same kind of machine are measured
     * once, so that a build again keeps the same.
     */
    profileModels: (request: ProfileRequest): Promise<StepOutput<readonly VariantProfile[]>> =>
      withHeartbeats((report, signal) => {
        const { models, golden, spec, reuse } = request;
        const identity = {
          step: 'profile',
          version: 1,
          inputs: {
            machine: deps.machine,
            golden: golden.digest,
            model: spec.model,
            columns: spec.data.columns,
            models: models.map(({ variant, onnx }) => ({ variant, onnx: onnx.digest })),
          },
          same: 'same models and kind of machine',
          reuse,
        };
        return cachedStep(deps, identity, () => measure(deps, request, { report, signal }));
      }),
  };
}
