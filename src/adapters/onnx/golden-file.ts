import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { expectedInputs } from '../../domain/model-gates/model-expectation.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';
import type { BatchTensor } from './batches.ts';
import { messageOf } from '../../base/error-message.ts';

const tensorSchema = z.object({
  shape: z.array(z.number().int().nonnegative()).min(1),
  data: z.array(z.number().nullable()),
});
const goldenSchema = z.object({
  schema: z.literal('windlass.golden/1'),
  inputs: z.record(z.string(), tensorSchema),
  outputs: z.record(z.string(), tensorSchema),
});

/** Golden rows as arrays, by input; a value that is not finite is NaN. */
export interface Golden {
  readonly rows: number;
  readonly tensors: Readonly<Record<string, BatchTensor>>;
  readonly expected: Float32Array;
}

/** A few thousand rows take some megabytes. */
const MAX_BYTES = 128 * 1024 * 1024;

function invalid(reason: string): never {
  throw new WindlassError('MODEL_INVALID', `golden.json does not fit the model: ${reason}.`);
}

/**
 * Python writes NaN and Infinity, which are not JSON: they become null, so that a gate can count
 * them.
 */
function parse(text: string): unknown {
  const plain = text.replaceAll(/(?<=[[,:]\s*)(?:NaN|-?Infinity)(?=\s*[\],}])/g, 'null');
  try {
    return JSON.parse(plain);
  } catch (error) {
    return invalid(`it is not JSON (${messageOf(error)})`);
  }
}

/**
 * Reads `golden.json` and checks that its tensors have the expected names and shapes; throws
 * MODEL_INVALID.
 */
export async function readGolden(file: string, expect: ModelExpectation): Promise<Golden> {
  const { size } = await stat(file);
  if (size > MAX_BYTES) invalid(`it has ${Math.round(size / 1e6)} MB, a few thousand rows are enough`);
  const parsed = goldenSchema.safeParse(parse(await readFile(file, 'utf8')));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return invalid(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
  }
  const { inputs, outputs } = parsed.data;
  const rows = inputs[expect.input]?.shape[0] ?? 0;
  const take = (from: typeof inputs, name: string, shape: readonly number[]): Float32Array => {
    const tensor = from[name];
    if (tensor === undefined)
      return invalid(`it has no tensor "${name}" (has ${Object.keys(from).join(', ')})`);
    const flat = tensor.shape.filter((d, i) => !(i > 0 && d === 1 && shape.length === 1));
    if (flat.join() !== shape.join())
      invalid(`"${name}" has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`);
    const count = shape.reduce((a, b) => a * b, 1);
    if (tensor.data.length !== count)
      invalid(`"${name}" has ${tensor.data.length} values, its shape says ${count}`);
    return Float32Array.from(tensor.data, (v) => v ?? Number.NaN);
  };
  const tensors = expectedInputs(expect).map(({ name, shape }): [string, BatchTensor] => [
    name,
    { data: take(inputs, name, [rows, ...shape]), shape },
  ]);
  return { rows, tensors: Object.fromEntries(tensors), expected: take(outputs, expect.output, [rows]) };
}
