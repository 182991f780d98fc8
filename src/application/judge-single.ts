import type { GateResult } from '../contracts/gate.ts';
import { projectSchema, type ProjectSpec } from '../contracts/project/project.ts';
import type { ModelExpectation } from '../contracts/model/model-expectation.ts';
import type { ModelRuntime } from '../ports/model-runtime.ts';
import { blockingGates } from '../domain/gates/statuses.ts';
import { deriveExpectation } from '../domain/model-gates/derive-expectation.ts';
import {
  inspectFiles,
  judgeBehaviour,
  judgeStructure,
  type Judged,
  type JudgeContext,
} from './judge-model.ts';
import { modelExpectation } from '../domain/model-gates/model-expectation.ts';
import { gate } from '../domain/gates/build.ts';

export interface SingleModel {
  readonly model: string;
  readonly golden?: string;
  /** Without one the model is held to its own signature and to the default limits. */
  readonly spec?: ProjectSpec;
}

type Answer = Awaited<ReturnType<ModelRuntime['inspect']>>[number];

/** The limits of a project that says nothing of them. */
function defaults(): Pick<ProjectSpec, 'gates' | 'serve'> {
  const { gates, serve } = projectSchema.shape;
  return { gates: gates.parse(undefined), serve: serve.parse({ entry: 'entry.js' }) };
}

function notServable(problems: readonly string[]): GateResult {
  const reason = problems.join('; ');
  return gate('onnx-signature', 'fail', {
    observed: reason,
    threshold: 'one input of readings, calibration beside, one probability',
    n: problems.length,
    reason: `${reason} (with a project the signature is that of its windlass.yaml)`,
  });
}

const NOTHING: ModelExpectation = {
  window: null,
  columns: [],
  input: '',
  calibration: [],
  output: '',
  threshold: 0,
};

function expected(
  answer: Answer,
  spec: ProjectSpec | undefined,
): ModelExpectation | { readonly problems: string[] } {
  if (spec !== undefined) return modelExpectation(spec);
  // A file that could not be read has no signature: its one gate says so.
  if ('refused' in answer || 'tooLarge' in answer) return NOTHING;
  return deriveExpectation(answer);
}

/** All gates of a model file of which nothing else may be known: no project, no golden rows. */
export async function judgeSingle(
  models: ModelRuntime,
  { model, golden, spec }: SingleModel,
  hooks: Pick<JudgeContext, 'signal' | 'report'>,
): Promise<Judged> {
  hooks.report?.('reading the model file');
  const context = { ...hooks, spec: spec ?? defaults() };
  const answers = await inspectFiles(models, [model], context);
  if ('status' in answers) return { gates: [answers] };
  const [answer = { refused: 'The file was not read.' }] = answers;
  const expect = expected(answer, spec);
  if ('problems' in expect) {
    const known = judgeStructure(answer, { ...context, expect: NOTHING });
    const others = known.filter((g) => g.name !== 'onnx-signature' && g.name !== 'feature-order');
    return { gates: [...others, notServable(expect.problems)] };
  }
  const structure = judgeStructure(answer, { ...context, expect });
  if (blockingGates(structure).length > 0) return { gates: structure };
  const files = { model, golden };
  const { gates, ...measured } = await judgeBehaviour(models, files, { ...context, expect });
  return { gates: [...structure, ...gates], ...measured };
}
