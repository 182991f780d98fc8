import { join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { ModelProfile, Variant } from '../../src/contracts/optimisation.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { withTempFolder } from '../shared/temp-folder.ts';

export interface ProfileDeps {
  readonly artefacts: ArtefactStore;
  readonly models: ModelRuntime;
}

export interface ProfileRequest {
  readonly models: ReadonlyArray<{ readonly variant: Variant; readonly onnx: ArtefactRef }>;
  readonly golden: ArtefactRef;
  readonly spec: ProjectSpec;
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

/** Activities that measure what models cost on the machine that they run on. */
export function createProfileActivities({ artefacts, models }: ProfileDeps) {
  return {
    /**
     * Each model in turn, several times over, in processes of their own; of each the round with the lowest median counts. A model that
     * does not run in one of them is refused.
     */
    profileModels: (request: ProfileRequest): Promise<StepOutput<readonly VariantProfile[]>> =>
      withHeartbeats((report, signal) =>
        withTempFolder(async (folder) => {
          const goldenFile = join(folder, 'golden.json');
          await artefacts.toFile(request.golden.digest, goldenFile);
          const expect = modelExpectation(request.spec);
          const best = new Map<Variant, ModelProfile | string>();
          for (let round = 1; round <= ROUNDS; round += 1) {
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
          }
          const value = [...best].map(([variant, found]) =>
            typeof found === 'string' ? { variant, refused: found } : { variant, profile: found },
          );
          return { value };
        }),
      ),
  };
}
