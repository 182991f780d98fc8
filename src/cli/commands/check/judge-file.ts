import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GateResult } from '../../../contracts/gate.ts';
import { judgeSingle, type SingleModel } from '../../../application/judge-single.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ModelRuntime } from '../../../ports/model-runtime.ts';

export interface JudgeHooks {
  readonly signal?: AbortSignal;
  readonly report?: (message: string) => void;
}

/** Runs the gates of a build on one model file that lies anywhere, without any service. */
export async function judgeFile(
  models: ModelRuntime,
  single: SingleModel,
  hooks: JudgeHooks,
): Promise<GateResult[]> {
  const { golden } = single;
  if (golden !== undefined && (await stat(golden).catch(() => undefined))?.isFile() !== true)
    throw new WindlassError('NOT_FOUND', `There is no file ${golden}.`, {
      hint: 'Name the golden.json that the training wrote with --golden.',
    });
  const folder = await mkdtemp(join(tmpdir(), 'windlass-check-'));
  try {
    const model = join(folder, 'model.onnx');
    const received = await models.receive(single.model, model);
    if (received.status === 'fail') return [received];
    const { gates } = await judgeSingle(models, { ...single, model }, hooks);
    return [received, ...gates];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
