import type { InvalidInput, ModelBehaviour, ProbeOutcome } from '../../contracts/model/model-behaviour.ts';
import type { ModelExpectation } from '../../contracts/model/model-expectation.ts';
import { slice, withReadings } from './batches.ts';
import type { Batch } from './batches.ts';
import type { ScoringSession } from './session.ts';
import { messageOf } from '../../base/error-message.ts';

/** Far outside of every sensor, near the end of float32. */
const EXTREME = 3e38;

type Fill = (column: number) => number;

/** The mean reading of each column in the first window. */
function typicalOf(batch: Batch, { input, columns, window }: ModelExpectation): Fill {
  const width = columns.length;
  const data = slice(batch, 0, 1).tensors[input]?.data ?? new Float32Array();
  const means = columns.map(
    (_, c) => data.reduce((sum, v, i) => sum + (i % width === c ? v : 0), 0) / (window ?? 1),
  );
  return (c) => means[c] ?? 0;
}

/** One window per way to fill it: every row of the window gets the same reading per column. */
function windows(batch: Batch, expect: ModelExpectation, fills: readonly Fill[]): Batch {
  const { input, window, columns } = expect;
  const size = (window ?? 1) * columns.length;
  const readings = fills.map((fill) =>
    Float32Array.from({ length: size }, (_, i) => fill(i % columns.length)),
  );
  return withReadings(batch, input, readings);
}

const notFinite = (values: Float32Array): number =>
  values.reduce((n, v) => n + (Number.isFinite(v) ? 0 : 1), 0);

/**
 * Rows that a working sensor can send but a training set may not hold: range ends, everything
 * still, one column at an end.
 */
export async function probeRanges(
  session: ScoringSession,
  batch: Batch,
  expect: ModelExpectation,
): Promise<ModelBehaviour['probes']> {
  const typical = typicalOf(batch, expect);
  const { columns } = expect;
  const only =
    (c: number, value: number): Fill =>
    (k) =>
      k === c ? value : typical(k);
  const probes = windows(batch, expect, [
    typical,
    (c) => columns[c]?.min ?? 0,
    (c) => columns[c]?.max ?? 0,
    ...columns.flatMap(({ min, max }, c) => [only(c, min), only(c, max)]),
  ]);
  return { rows: probes.n, nonFinite: notFinite((await session.run(probes)).scores) };
}

async function outcome(session: ScoringSession, batch: Batch, threshold: number): Promise<ProbeOutcome> {
  const base = { rows: batch.n, invalid: 0, alarm: 0, healthy: 0 };
  try {
    const { scores } = await session.run(batch);
    const invalid = notFinite(scores);
    const alarm = scores.filter((s) => Number.isFinite(s) && s >= threshold).length;
    return { ...base, invalid, alarm, healthy: scores.length - invalid - alarm };
  } catch (error) {
    return { ...base, error: messageOf(error) };
  }
}

/**
 * What the model answers to readings that no working sensor sends: NaN or infinity in one column
 * each, the ends of float32, and a batch without rows.
 */
export async function probeInvalid(
  session: ScoringSession,
  batch: Batch,
  expect: ModelExpectation,
): Promise<ModelBehaviour['invalidInputs']> {
  const typical = typicalOf(batch, expect);
  const each = (values: readonly number[]): Batch =>
    windows(
      batch,
      expect,
      expect.columns.flatMap((_, c) =>
        values.map(
          (value): Fill =>
            (k) =>
              k === c ? value : typical(k),
        ),
      ),
    );
  const probes: Readonly<Record<InvalidInput, Batch>> = {
    nan: each([Number.NaN]),
    infinite: each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
    extreme: each([EXTREME, -EXTREME]),
    empty: slice(batch, 0, 0),
  };
  const of = (kind: InvalidInput): Promise<ProbeOutcome> => outcome(session, probes[kind], expect.threshold);
  return {
    nan: await of('nan'),
    infinite: await of('infinite'),
    extreme: await of('extreme'),
    empty: await of('empty'),
  };
}
