import type { GateResult } from '../contracts/gate.ts';
import type { ModelProfile } from '../contracts/build/optimisation.ts';
import type { ProjectSpec } from '../contracts/project/project.ts';
import type { ModelExpectation } from '../contracts/model/model-expectation.ts';
import type { ModelRuntime } from '../ports/model-runtime.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import { digestOf } from '../base/digest.ts';
import { blockingGates } from '../domain/gates/statuses.ts';
import { behaviourGates } from '../domain/model-gates/behaviour-gates.ts';
import { featureOrderGate, signatureOf } from '../domain/model-gates/feature-order.ts';
import type { Parity } from '../domain/model-gates/golden-gates.ts';
import { structureGates, sizeGate } from '../domain/model-gates/structure-gates.ts';
import { messageOf } from '../base/error-message.ts';
import { errorCode } from '../base/error-code.ts';
import { gate } from '../domain/gates/build.ts';

export interface ModelFiles {
  readonly model: string;
  /** Absent: nothing says what the training framework predicted. */
  readonly golden?: string;
  /** Fold models by fold. */
  readonly folds: ReadonlyMap<string, string>;
}

/** What a model is held to. */
export interface Measure {
  readonly spec: Pick<ProjectSpec, 'gates' | 'serve'>;
  readonly expect: ModelExpectation;
}

export interface JudgeContext extends Measure {
  readonly parity?: Parity;
  readonly signal?: AbortSignal;
  readonly report?: (message: string) => void;
}

type Answer = Awaited<ReturnType<ModelRuntime['inspect']>>[number];

function refused(name: string, reason: string): GateResult {
  return gate(name, 'fail', { observed: 'refused', threshold: 'accepted', n: 1, reason });
}

/** The message of an error of the model itself; every other error is thrown on. */
function modelError(error: unknown): string {
  if (errorCode(error) === 'MODEL_INVALID') return messageOf(error);
  throw error;
}

/** Largest file that is read at all, in bytes. */
export function maxBytes({ gates }: Pick<ProjectSpec, 'gates'>): number {
  return gates.maxSizeMb * 1e6;
}

/** Gates on what one file says of itself, or why it was not read. */
export function judgeStructure(answer: Answer, { spec, expect }: Measure): GateResult[] {
  if ('tooLarge' in answer) return [sizeGate(answer.tooLarge, spec)];
  if ('refused' in answer) return [refused('onnx-file', answer.refused)];
  const columns = expect.columns.map((c) => c.name);
  const signature = digestOf(canonicalJson(signatureOf(answer, columns)));
  return [...structureGates(answer, spec, expect), featureOrderGate(answer, columns, signature)];
}

/** What files say of themselves, or the one gate that says why none could be read. */
export async function inspectFiles(
  models: ModelRuntime,
  files: readonly string[],
  { spec, signal }: Pick<JudgeContext, 'spec' | 'signal'>,
): Promise<readonly Answer[] | GateResult> {
  try {
    return await models.inspect(files, { maxBytes: maxBytes(spec), signal });
  } catch (error) {
    return refused('onnx-file', modelError(error));
  }
}

export interface Judged {
  readonly gates: readonly GateResult[];
  /** What running it costs; absent when it did not run. */
  readonly profile?: ModelProfile;
}

/** Gates on what a model whose file has been accepted does. */
export async function judgeBehaviour(
  models: ModelRuntime,
  { model: modelFile, golden: goldenFile }: Pick<ModelFiles, 'model' | 'golden'>,
  { spec, expect, parity, signal, report }: JudgeContext,
): Promise<Judged> {
  report?.('running the model');
  const request = { modelFile, goldenFile, expect };
  const loads = gate('onnx-loads', 'pass', {
    observed: 'accepted',
    threshold: 'accepted',
    n: 1,
    reason: 'ONNX Runtime opens it and runs it',
  });
  try {
    const behaviour = await models.exercise(request, { signal });
    const { machine, latency, rowsPerSecond, startMs, memory } = behaviour;
    const limits = { gates: spec.gates, threshold: expect.threshold };
    return {
      gates: [loads, ...behaviourGates(behaviour, limits, parity)],
      profile: { machine, latency, rowsPerSecond, startMs, memory },
    };
  } catch (error) {
    return { gates: [refused('onnx-loads', modelError(error))] };
  }
}

/** All gates of a model: first on what the file says, and only when those pass, on what it does. */
export async function judgeModel(
  models: ModelRuntime,
  files: ModelFiles,
  context: JudgeContext,
): Promise<Judged> {
  context.report?.('reading the model file');
  const answers = await inspectFiles(models, [files.model, ...files.folds.values()], context);
  if ('status' in answers) return { gates: [answers] };
  const folds = [...files.folds.keys()];
  const structure = answers.flatMap((answer, i) => {
    const gates = judgeStructure(answer, context);
    if (i === 0) return gates;
    // A fold model adds its first trouble only.
    const [worst] = blockingGates(gates);
    return worst === undefined ? [] : [{ ...worst, name: `fold-${folds[i - 1] ?? ''}-${worst.name}` }];
  });
  if (blockingGates(structure).length > 0) return { gates: structure };
  const { gates, ...measured } = await judgeBehaviour(models, files, context);
  return { gates: [...structure, ...gates], ...measured };
}
