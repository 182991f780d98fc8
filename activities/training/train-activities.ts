import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { environmentOf, type ProjectCode } from '../environment/environment-activities.ts';
import { cachedStep } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { inResumableFolder } from '../shared/run-folder.ts';
import { runTraining, type TrainDeps } from './run-training.ts';
import { storeOutputs, type TrainOutputs } from './train-outputs.ts';

export interface TrainRequest extends ProjectCode {
  readonly data: DataRef;
  /** Overrides of windlass.yaml's train.params; every searched one has its value. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly reuse: boolean;
}

export interface TrainedModel extends TrainOutputs {
  readonly log: ArtefactRef;
  readonly environment: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

export type TrainActivities = ReturnType<typeof createTrainActivities>;

/** Activities that train. */
export function createTrainActivities(deps: TrainDeps) {
  return {
    /**
     * Runs the train command on a snapshot and keeps its outputs. Throws TRAIN_FAILED with the last
     * lines of its log.
     */
    train: (request: TrainRequest): Promise<StepOutput<TrainedModel>> =>
      withHeartbeats(async (report, signal) => {
        const { spec, bundle, data, seed, reuse } = request;
        const environment = await environmentOf(deps, request, { signal });
        const params = { ...spec.train.params, ...request.params };
        const identity = {
          step: 'train',
          version: 1,
          inputs: {
            bundle: bundle.digest,
            environment: environment.key,
            data: data.digest,
            run: spec.train.run,
            params,
            seed,
          },
          same: 'same source bundle, environment, data, parameters and seed',
          reuse,
        };
        const output = await inResumableFolder(deps.work, 'train', (folder) =>
          cachedStep(deps, identity, async (): Promise<TrainedModel> => {
            const training = { spec, bundle, environment, data, params, seed };
            const { out, folds, log } = await runTraining(deps, training, { report, signal, folder });
            const outputs = await storeOutputs(deps.artefacts, out, folds);
            return { ...outputs, log, environment: environment.key, params, seed };
          }),
        );
        const { onnx, folds, reported } = output.value;
        const metrics = Object.entries(reported).map(
          ([name, value]) => `${name} ${Number(value.toPrecision(4))}`,
        );
        return {
          ...output,
          message: `${onnx.digest.slice(7, 19)}, ${Object.keys(folds).length} fold models; training says: ${metrics.slice(0, 6).join(', ')}`,
        };
      }),
  };
}
