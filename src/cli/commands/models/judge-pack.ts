import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadPack } from '../../../adapters/oci/import-model-pack.ts';
import type { ArtefactRef } from '../../../contracts/artefact.ts';
import type { GateResult } from '../../../contracts/gate.ts';
import { listGates } from '../../../domain/gates/format.ts';
import { blockingGates } from '../../../domain/gates/statuses.ts';
import { judgeModel } from '../../../application/judge-model.ts';
import { modelExpectation } from '../../../domain/model-gates/model-expectation.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ModelRuntime } from '../../../ports/model-runtime.ts';
import type { JudgeHooks } from '../check/judge-file.ts';

/**
 * The gates of a build on the model files of a pack, run here: what the pack says of them is
 * another registry's word. Throws GATE_FAILED with every gate.
 */
export async function judgePack(
  models: ModelRuntime,
  pack: ReadPack,
  hooks: JudgeHooks,
): Promise<readonly GateResult[]> {
  const { registration, pipeline } = pack;
  const { spec } = pipeline;
  const folder = await mkdtemp(join(tmpdir(), 'windlass-pack-'));
  try {
    const place = async (name: string, ref: ArtefactRef): Promise<string> => {
      const path = join(folder, name);
      await pack.copy(ref, path);
      return path;
    };
    const folds = new Map<string, string>();
    for (const [fold, ref] of Object.entries(registration.folds))
      folds.set(fold, await place(`fold-${fold}.onnx`, ref));
    const files = {
      model: await place('model.onnx', registration.onnx),
      golden: await place('golden.json', registration.golden),
      folds,
    };
    const parity = registration.optimisation?.parityTolerance === undefined ? 'strict' : 'own';
    const context = { ...hooks, spec, expect: modelExpectation(spec), parity } as const;
    const { gates } = await judgeModel(models, files, context);
    const blocking = blockingGates(gates);
    if (blocking.length === 0) return gates;
    throw new WindlassError(
      'GATE_FAILED',
      `The model of the pack does not pass here:\n${listGates(blocking)}`,
      { details: { gates } },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
