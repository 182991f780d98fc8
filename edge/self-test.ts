import { z } from 'zod';
import type { Attestation } from '../src/contracts/device/attestation.ts';
import type { ModelManifest } from '../src/contracts/device/model-manifest.ts';
import { EXIT, ModuleFault } from './module-fault.ts';
import { messageOf } from '../src/base/error-message.ts';
import { sizeOf, type FloatTensor } from './tensor.ts';

const MAX_ROWS = 64;

const tensors = z.record(
  z.string(),
  z.object({ shape: z.array(z.number().int().nonnegative()).min(1), data: z.array(z.number()) }),
);
const goldenSchema = z.object({ schema: z.literal('windlass.golden/1'), inputs: tensors, outputs: tensors });

/** The first rows of a tensor whose first dimension is the rows. */
function firstRows(tensor: { shape: number[]; data: number[] }, rows: number): FloatTensor {
  const [, ...rest] = tensor.shape;
  return { shape: [rows, ...rest], data: Float32Array.from(tensor.data.slice(0, rows * sizeOf(rest))) };
}

/**
 * Scores at most 64 golden rows on this device and compares them with the training framework's own
 * predictions; the difference is null when a value is not finite. Throws a ModuleFault when the
 * rows cannot be scored at all.
 */
export async function selfTest(
  value: unknown,
  manifest: ModelManifest,
  infer: (inputs: Record<string, FloatTensor>) => Promise<Record<string, FloatTensor>>,
): Promise<Attestation['golden']> {
  const parsed = goldenSchema.safeParse(value);
  if (!parsed.success) throw new ModuleFault(EXIT.model, `golden.json is not valid: ${parsed.error.message}`);
  const expected = parsed.data.outputs[manifest.output];
  const rows = Math.min(MAX_ROWS, expected?.shape[0] ?? 0);
  if (!expected || rows === 0)
    throw new ModuleFault(EXIT.model, `golden.json has no rows of output ${manifest.output}`);
  const feeds = Object.fromEntries(
    Object.entries(parsed.data.inputs).map(([name, tensor]) => [name, firstRows(tensor, rows)]),
  );
  let got: FloatTensor | undefined;
  try {
    got = (await infer(feeds))[manifest.output];
  } catch (error) {
    throw new ModuleFault(EXIT.model, `the golden rows cannot be scored: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const want = firstRows(expected, rows).data;
  if (got?.data.length !== want.length) return { rows, maxAbsDiff: null, match: false };
  let worst = 0;
  for (const [i, p] of want.entries()) worst = Math.max(worst, Math.abs(p - (got.data[i] ?? Number.NaN)));
  return Number.isFinite(worst)
    ? { rows, maxAbsDiff: worst, match: worst <= manifest.parityTolerance }
    : { rows, maxAbsDiff: null, match: false };
}
