import { z } from 'zod';
import type { GoldenFile } from '../../src/contracts/model/golden-file.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';

const tensorSchema = z
  .object({ shape: z.array(z.number().int().nonnegative()).min(1), data: z.array(z.number()) })
  .refine(
    (tensor) => tensor.data.length === tensor.shape.reduce((product, size) => product * size, 1),
    'the number of values does not fit the shape',
  );
const tensorsSchema = z.record(z.string(), tensorSchema);
const goldenSchema = z.object({
  schema: z.literal('windlass.golden/1'),
  inputs: tensorsSchema,
  outputs: tensorsSchema,
});

/**
 * Reads a golden file; throws MODEL_INVALID when its tensors do not all have the same number of
 * rows.
 */
export function parseGolden(bytes: Uint8Array): GoldenFile {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new WindlassError('MODEL_INVALID', 'golden.json is not JSON.', { cause });
  }
  const parsed = goldenSchema.safeParse(value);
  if (!parsed.success)
    throw new WindlassError('MODEL_INVALID', `golden.json is not valid: ${z.prettifyError(parsed.error)}`);
  const rows = new Set(
    [...Object.values(parsed.data.inputs), ...Object.values(parsed.data.outputs)].map((t) => t.shape[0]),
  );
  if (rows.size !== 1)
    throw new WindlassError(
      'MODEL_INVALID',
      `The tensors of golden.json have ${[...rows].join(' and ')} rows.`,
    );
  return parsed.data;
}

/** How many rows a golden file holds. */
export function goldenCount(golden: GoldenFile): number {
  return Object.values(golden.inputs)[0]?.shape[0] ?? 0;
}

/** Rows `from` … `to` (exclusive) of every tensor. */
export function goldenSlice(golden: GoldenFile, from: number, to: number): GoldenFile {
  const cut = (tensors: GoldenFile['inputs']): GoldenFile['inputs'] =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => {
        const [rows = 0, ...rest] = shape;
        const width = rows === 0 ? 0 : data.length / rows;
        const end = Math.min(to, rows);
        return [
          name,
          { shape: [Math.max(0, end - from), ...rest], data: data.slice(from * width, end * width) },
        ];
      }),
    );
  return { schema: golden.schema, inputs: cut(golden.inputs), outputs: cut(golden.outputs) };
}

/**
 * The same rows as 32-bit numbers written with nine digits, which name each exactly; less than half
 * the text.
 */
export function compactGolden(golden: GoldenFile): GoldenFile {
  const compact = (tensors: GoldenFile['inputs']): GoldenFile['inputs'] =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((value) => Number(Math.fround(value).toPrecision(9))) },
      ]),
    );
  return { schema: golden.schema, inputs: compact(golden.inputs), outputs: golden.outputs };
}
