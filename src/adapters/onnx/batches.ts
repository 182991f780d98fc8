import { expectedInputs } from '../../domain/model-gates/model-expectation.ts';
import { seededRandom } from '../../base/random.ts';
import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';

/** Values of one input for all rows of a batch, row-major; `shape` is that of one row. */
export interface BatchTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Rows to score, by input. */
export interface Batch {
  readonly n: number;
  readonly tensors: Readonly<Record<string, BatchTensor>>;
}

/** Rows that are scored at a time. */
export const BATCH = 256;

/** Numbers of one row of a tensor. */
const rowSize = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function mapTensors(
  batch: Batch,
  change: (tensor: BatchTensor, name: string) => Float32Array,
): Batch['tensors'] {
  return Object.fromEntries(
    Object.entries(batch.tensors).map(([name, t]) => [name, { data: change(t, name), shape: t.shape }]),
  );
}

/** Rows `start` to `start + n` of a batch. */
export function slice(batch: Batch, start: number, n: number): Batch {
  return {
    n,
    tensors: mapTensors(batch, ({ data, shape }) => {
      const each = rowSize(shape);
      return data.slice(start * each, (start + n) * each);
    }),
  };
}

/** Rows that share everything with the first row of a batch but its readings. */
export function withReadings(batch: Batch, input: string, readings: readonly Float32Array[]): Batch {
  const first = slice(batch, 0, 1);
  return {
    n: readings.length,
    tensors: mapTensors(first, ({ data }, name) => {
      const all = new Float32Array(data.length * readings.length);
      readings.forEach((row, i) => all.set(name === input ? row : data, i * data.length));
      return all;
    }),
  };
}

/**
 * Rows for a model that came without golden rows: readings drawn evenly from the columns' ranges;
 * other inputs are 1, which serves as a spread and as a mean.
 */
export function drawnRows(expect: ModelExpectation, n: number): Batch {
  const random = seededRandom(n);
  const width = expect.columns.length;
  const reading = (i: number): number => {
    const { min = 0, max = 1 } = expect.columns[i % width] ?? {};
    return min + (max - min) * random();
  };
  return {
    n,
    tensors: Object.fromEntries(
      expectedInputs(expect).map(({ name, shape }) => {
        const data = new Float32Array(n * rowSize(shape));
        for (let i = 0; i < data.length; i += 1) data[i] = name === expect.input ? reading(i) : 1;
        return [name, { data, shape }];
      }),
    ),
  };
}

/** The columns' ranges as these rows show them. */
export function withObservedRanges(expect: ModelExpectation, rows: Batch): ModelExpectation {
  const width = expect.columns.length;
  const ranges = expect.columns.map(() => ({ min: Infinity, max: -Infinity }));
  rows.tensors[expect.input]?.data.forEach((value, i) => {
    const range = ranges[i % width];
    if (range === undefined || !Number.isFinite(value)) return;
    range.min = Math.min(range.min, value);
    range.max = Math.max(range.max, value);
  });
  const columns = expect.columns.map((column, c) => {
    const { min = 0, max = 0 } = ranges[c] ?? {};
    return min <= max ? { ...column, min, max } : column;
  });
  return { ...expect, columns };
}
