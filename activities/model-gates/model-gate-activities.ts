import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { ProjectSpec } from '../../src/contracts/project.ts';
import { blockingGates, describeGate } from '../../src/domain/gates.ts';
import { behaviourGates } from '../../src/domain/model-gates/behaviour-gates.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { structureGates } from '../../src/domain/model-gates/structure-gates.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ModelRuntime } from '../../src/ports/model-runtime.ts';
import { cachedStep, type StepDeps } from '../shared/cached-step.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';

export interface ModelGateDeps extends StepDeps {
  readonly models: ModelRuntime;
}

export interface ModelGateRequest {
  readonly onnx: ArtefactRef;
  readonly golden: ArtefactRef;
  readonly folds: Readonly<Record<string, ArtefactRef>>;
  readonly spec: ProjectSpec;
  readonly reuse: boolean;
}

export type ModelGateActivities = ReturnType<typeof createModelGateActivities>;

interface Files {
  readonly model: string;
  readonly golden: string;
  /** Fold models by fold. */
  readonly folds: ReadonlyMap<string, string>;
}

function refused(name: string, reason: string): GateResult {
  return { name, status: 'fail', observed: 'refused', threshold: 'accepted', n: 1, reason };
}

/** The message of an error of the model itself; every other error is thrown on. */
function modelError(error: unknown): string {
  if (error instanceof WindlassError && error.code === 'MODEL_INVALID') return error.message;
  throw error;
}

/** All gates of a model: first on what the file says, and only when those pass, on what it does. Exported for tests. */
export async function judgeModel(
  models: ModelRuntime,
  files: Files,
  context: {
    readonly spec: ProjectSpec;
    readonly signal?: AbortSignal;
    readonly report?: (message: string) => void;
  },
): Promise<GateResult[]> {
  const { spec, signal, report } = context;
  const hooks = { signal };
  report?.('reading the model file');
  let structures: Awaited<ReturnType<ModelRuntime['inspect']>>;
  try {
    structures = await models.inspect([files.model, ...files.folds.values()], hooks);
  } catch (error) {
    return [refused('onnx-file', modelError(error))];
  }
  const [structure = [], ...ofFolds] = structures.map((s) =>
    'refused' in s ? [refused('onnx-file', s.refused)] : structureGates(s, spec),
  );
  for (const [i, fold] of [...files.folds.keys()].entries()) {
    const [worst] = blockingGates(ofFolds[i] ?? []);
    if (worst !== undefined) structure.push({ ...worst, name: `fold-${fold}-${worst.name}` });
  }
  if (blockingGates(structure).length > 0) return structure;
  report?.('running golden rows');
  const expect = modelExpectation(spec);
  const request = { modelFile: files.model, goldenFile: files.golden, expect };
  const loads: GateResult = {
    name: 'onnx-loads',
    status: 'pass',
    observed: 'accepted',
    threshold: 'accepted',
    n: 1,
    reason: 'ONNX Runtime opens it and runs the golden rows',
  };
  try {
    const behaviour = await models.exercise(request, hooks);
    return [...structure, loads, ...behaviourGates(behaviour, spec)];
  } catch (error) {
    return [...structure, refused('onnx-loads', modelError(error))];
  }
}

/** Throws GATE_FAILED when a gate stands in the way; the error carries all gates. */
export function refuseBlocked(gates: readonly GateResult[], what: string): void {
  const blocking = blockingGates(gates);
  if (blocking.length === 0) return;
  throw new WindlassError(
    'GATE_FAILED',
    `${blocking.length} of ${gates.length} gates of ${what} did not pass:\n${blocking.map((g) => `- ${describeGate(g)}`).join('\n')}`,
    { details: { gates } },
  );
}

/** Activities that judge a model file before anybody uses it. */
export function createModelGateActivities(deps: ModelGateDeps) {
  return {
    /** Judges the model in a process of its own; throws GATE_FAILED with every gate. */
    checkModel: (request: ModelGateRequest): Promise<StepOutput<readonly GateResult[]>> =>
      withHeartbeats(async (report, signal) => {
        const { onnx, golden, folds, spec, reuse } = request;
        const identity = {
          step: 'model-gates',
          version: 1,
          inputs: {
            onnx: onnx.digest,
            golden: golden.digest,
            folds: Object.fromEntries(Object.entries(folds).map(([k, ref]) => [k, ref.digest])),
            model: spec.model,
            columns: spec.data.columns,
            gates: spec.gates,
          },
          same: 'same model, golden rows and limits',
          reuse,
        };
        const output = await cachedStep(deps, identity, async () => {
          const folder = await mkdtemp(join(tmpdir(), 'windlass-model-'));
          try {
            const place = async (ref: ArtefactRef, name: string): Promise<string> => {
              const path = join(folder, name);
              await deps.artefacts.toFile(ref.digest, path);
              return path;
            };
            const files: Files = {
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
            const gates = await judgeModel(deps.models, files, {
              spec,
              signal,
              report: (message) => report({ message }),
            });
            refuseBlocked(gates, 'the model');
            return gates;
          } finally {
            await rm(folder, { recursive: true, force: true });
          }
        });
        return { ...output, gates: output.value, message: `${output.value.length} gates passed` };
      }),
  };
}
