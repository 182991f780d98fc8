import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project.ts';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import { blockingGates } from '../../src/domain/gates.ts';
import { behaviourGates } from '../../src/domain/model-gates/behaviour-gates.ts';
import { featureOrderGate, signatureOf } from '../../src/domain/model-gates/feature-order.ts';
import type { Parity } from '../../src/domain/model-gates/golden-gates.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { sizeGate, structureGates } from '../../src/domain/model-gates/structure-gates.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ModelRuntime, ModelStructure } from '../../src/ports/model-runtime.ts';

export interface ModelFiles {
  readonly model: string;
  /** Absent: nothing says what the training framework predicted. */
  readonly golden?: string;
  /** Fold models by fold. */
  readonly folds: ReadonlyMap<string, string>;
}

export interface JudgeContext {
  readonly spec: ProjectSpec;
  readonly parity?: Parity;
  readonly signal?: AbortSignal;
  readonly report?: (message: string) => void;
}

function refused(name: string, reason: string): GateResult {
  return { name, status: 'fail', observed: 'refused', threshold: 'accepted', n: 1, reason };
}

/** The message of an error of the model itself; every other error is thrown on. */
function modelError(error: unknown): string {
  if (error instanceof WindlassError && error.code === 'MODEL_INVALID') return error.message;
  throw error;
}

/** Gates on what one file says of itself, or why it was refused. Exported for tests. */
export function judgeStructure(
  structure: ModelStructure | { readonly refused: string },
  spec: ProjectSpec,
): GateResult[] {
  if ('refused' in structure) return [refused('onnx-file', structure.refused)];
  const columns = spec.data.columns.map((c) => c.name);
  const signature = createHash('sha256')
    .update(canonicalJson(signatureOf(structure, columns)))
    .digest('hex');
  return [
    ...structureGates(structure, spec, modelExpectation(spec)),
    featureOrderGate(structure, spec, `sha256:${signature}`),
  ];
}

/** Gates on what the files say, the model's own first; a fold model adds its worst only. Nothing is run. */
async function judgeFiles(
  models: ModelRuntime,
  files: ModelFiles,
  { spec, signal }: JudgeContext,
): Promise<GateResult[]> {
  const named: Array<readonly [string, string]> = [['', files.model]];
  for (const [fold, path] of files.folds) named.push([`fold-${fold}-`, path]);
  // What is too large is not even read.
  const sizes = await Promise.all(named.map(async ([, path]) => sizeGate((await stat(path)).size, spec)));
  const large = sizes.flatMap((gate, i) =>
    gate.status === 'pass' ? [] : [{ ...gate, name: `${named[i]?.[0] ?? ''}${gate.name}` }],
  );
  if (large.length > 0) return large;
  let structures: Awaited<ReturnType<ModelRuntime['inspect']>>;
  try {
    structures = await models.inspect(
      named.map(([, path]) => path),
      { signal },
    );
  } catch (error) {
    return [refused('onnx-file', modelError(error))];
  }
  return structures.flatMap((s, i) => {
    const gates = judgeStructure(s, spec);
    if (i === 0) return gates;
    return blockingGates(gates)
      .slice(0, 1)
      .map((worst) => ({ ...worst, name: `${named[i]?.[0] ?? ''}${worst.name}` }));
  });
}

/** All gates of a model: first on what the file says, and only when those pass, on what it does. */
export async function judgeModel(
  models: ModelRuntime,
  files: ModelFiles,
  context: JudgeContext,
): Promise<GateResult[]> {
  const { spec, parity, signal, report } = context;
  report?.('reading the model file');
  const structure = await judgeFiles(models, files, context);
  if (blockingGates(structure).length > 0) return structure;
  report?.('running golden rows');
  const { model: modelFile, golden: goldenFile } = files;
  const request = {
    modelFile,
    ...(goldenFile === undefined ? {} : { goldenFile }),
    expect: modelExpectation(spec),
  };
  const loads: GateResult = {
    name: 'onnx-loads',
    status: 'pass',
    observed: 'accepted',
    threshold: 'accepted',
    n: 1,
    reason: 'ONNX Runtime opens it and runs it',
  };
  try {
    const behaviour = await models.exercise(request, { signal });
    return [...structure, loads, ...behaviourGates(behaviour, spec, parity)];
  } catch (error) {
    return [...structure, refused('onnx-loads', modelError(error))];
  }
}
