import { join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ModelProfile } from '../../src/contracts/build/optimisation.ts';
import type { ModelArtefacts } from '../../src/contracts/model/model-artefacts.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { digestsOf } from '../../src/domain/registry/artefact-digests.ts';
import type { Parity } from '../../src/domain/model-gates/golden-gates.ts';
import { judgeModel, type ModelFiles } from '../../src/application/judge-model.ts';
import { refuseGates } from '../../src/application/refuse-gates.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { withTempFolder } from '../../src/base/temp-folder.ts';

export interface ModelGateDeps extends StepDeps {
  readonly models: ModelRuntime;
}

export interface ModelGateRequest extends ModelArtefacts {
  readonly spec: ProjectSpec;
  /**
   * "quality" for a candidate that is meant to differ from the training framework, such as a
   * quantised one.
   */
  readonly parity?: Parity;
  readonly reuse: boolean;
}

export interface JudgedModel {
  readonly gates: readonly GateResult[];
  /** What running it cost here. */
  readonly profiles: readonly ModelProfile[];
}

export type ModelGateActivities = ReturnType<typeof createModelGateActivities>;

/** Activities that judge a model file before anybody uses it. */
export function createModelGateActivities(deps: ModelGateDeps) {
  return {
    /** Judges the model in a process of its own; throws GATE_FAILED with every gate. */
    checkModel: (request: ModelGateRequest): Promise<StepOutput<JudgedModel>> =>
      withHeartbeats(async (report, signal) => {
        const { onnx, golden, folds, spec, parity = 'strict', reuse } = request;
        const identity = {
          step: 'model-gates',
          version: 3,
          inputs: {
            onnx: onnx.digest,
            golden: golden.digest,
            folds: digestsOf(folds),
            model: spec.model,
            columns: spec.data.columns,
            gates: spec.gates,
            platforms: spec.serve.platforms,
            parity,
          },
          same: 'same model, golden rows and limits',
          reuse,
        };
        const output = await cachedStep(deps, identity, () =>
          withTempFolder(async (folder): Promise<JudgedModel> => {
            const place = async (ref: ArtefactRef, name: string): Promise<string> => {
              const path = join(folder, name);
              await deps.artefacts.toFile(ref.digest, path);
              return path;
            };
            const files: ModelFiles = {
              model: await place(onnx, 'model.onnx'),
              golden: await place(golden, 'golden.json'),
              folds: new Map(
                await Promise.all(
                  Object.entries(folds).map(
                    async ([k, ref]) => [k, await place(ref, `fold-${k}.onnx`)] as const,
                  ),
                ),
              ),
            };
            const { gates, profile } = await judgeModel(deps.models, files, {
              spec,
              expect: modelExpectation(spec),
              parity,
              signal,
              report: (message) => report({ message }),
            });
            refuseGates(gates, 'the model');
            return { gates, profiles: profile === undefined ? [] : [profile] };
          }),
        );
        const { gates } = output.value;
        return { ...output, gates, message: `${gates.length} gates passed` };
      }),
  };
}
