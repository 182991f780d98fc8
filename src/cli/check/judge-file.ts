import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receiveModel } from '../../adapters/onnx/receive-model.ts';
import type { GateResult } from '../../contracts/gate.ts';
import { projectSchema, type ProjectSpec } from '../../contracts/project.ts';
import { deriveExpectation } from '../../domain/model-gates/derive-expectation.ts';
import { inspectFiles, judgeBehaviour, judgeStructure } from '../../domain/model-gates/judge-model.ts';
import { modelExpectation } from '../../domain/model-gates/model-expectation.ts';
import { blockingGates } from '../../domain/gates.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelExpectation, ModelRuntime } from '../../ports/model-runtime.ts';

export interface FileToJudge {
  readonly model: string;
  readonly golden?: string;
  /** Without one the model is held to its own signature and to the default limits. */
  readonly spec?: ProjectSpec;
}

export interface JudgeHooks {
  readonly signal?: AbortSignal;
  readonly report?: (message: string) => void;
}

const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** The limits of a project that says nothing of them. */
function defaults(): Pick<ProjectSpec, 'gates' | 'serve'> {
  const { gates, serve } = projectSchema.shape;
  return { gates: gates.parse(undefined), serve: serve.parse({ entry: 'entry.js' }) };
}

function notServable(problems: readonly string[]): GateResult {
  const reason = problems.join('; ');
  return {
    name: 'onnx-signature',
    status: 'fail',
    observed: reason,
    threshold: 'one input of readings, calibration beside, one probability',
    n: problems.length,
    reason: `${reason} (with --project the signature is that of windlass.yaml)`,
  };
}

/** Runs the gates of a build on one model file that lies anywhere, without any service. */
export async function judgeFile(
  models: ModelRuntime,
  { model, golden, spec }: FileToJudge,
  { signal, report }: JudgeHooks,
): Promise<GateResult[]> {
  if (golden !== undefined && (await stat(golden).catch(() => undefined))?.isFile() !== true)
    throw new WindlassError('NOT_FOUND', `There is no file ${golden}.`, {
      hint: 'Name the golden.json that the training wrote with --golden.',
    });
  const folder = await mkdtemp(join(tmpdir(), 'windlass-check-'));
  try {
    const copy = join(folder, 'model.onnx');
    const received = await receiveModel(model, copy);
    if (received.status === 'fail') return [received];
    report?.('reading the model file');
    const limits = spec ?? defaults();
    const answers = await inspectFiles(models, [copy], { spec: limits, signal });
    if ('status' in answers) return [received, answers];
    const [answer] = answers;
    if (answer === undefined) throw new WindlassError('INTERNAL', 'the model file was not read');
    const expect = expected(answer, spec);
    const context = { spec: limits, digest, signal, report };
    if ('problems' in expect) {
      const known = judgeStructure(answer, { ...context, expect: NOTHING });
      const others = known.filter((g) => g.name !== 'onnx-signature' && g.name !== 'feature-order');
      return [received, ...others, notServable(expect.problems)];
    }
    const structure = [received, ...judgeStructure(answer, { ...context, expect })];
    if (blockingGates(structure).length > 0) return structure;
    const files = { model: copy, ...(golden === undefined ? {} : { golden }) };
    return [...structure, ...(await judgeBehaviour(models, files, { ...context, expect }))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const NOTHING: ModelExpectation = {
  ...{ window: null, columns: [], input: '', calibration: [], output: '', threshold: 0 },
};

type Answer = Awaited<ReturnType<ModelRuntime['inspect']>>[number];

function expected(
  answer: Answer,
  spec: ProjectSpec | undefined,
): ModelExpectation | { readonly problems: string[] } {
  if (spec !== undefined) return modelExpectation(spec);
  // A file that could not be read has no signature: its one gate says so.
  if ('refused' in answer || 'tooLarge' in answer) return NOTHING;
  return deriveExpectation(answer);
}
