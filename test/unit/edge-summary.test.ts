import { SummaryBuilder } from '../../edge/summary.ts';
import { windowSummarySchema, type WindowSummary } from '../../src/contracts/device/window-summary.ts';
import { mergeWindows } from '../../src/domain/monitoring/merge-windows.ts';
import { histogram } from '../../src/domain/statistics/quantiles.ts';
import { tinyBaseline, TINY_COLUMNS } from '../support/tiny-model.ts';
import fc from '../support/properties.ts';

const WIDTH = TINY_COLUMNS.length;
const manifest = { columns: [...TINY_COLUMNS], window: 4 };
const calibration = { mean: new Float32Array(WIDTH), std: new Float32Array(WIDTH).fill(1), rows: 10 };
const model = { name: 'm', version: '1', digest: 'sha256:m' };
const name = TINY_COLUMNS[0].name;

function summary(
  values: readonly (number | null)[],
  given: { device?: string; seq?: number; probabilities?: readonly number[] } = {},
): WindowSummary {
  const { device = 'pump-001', seq = 0, probabilities = [] } = given;
  const builder = new SummaryBuilder(manifest, tinyBaseline());
  for (const [i, v] of values.entries())
    builder.addRow(
      new Date(1e12 + i * 1000 + seq * 1e6).toISOString(),
      new Array(WIDTH).fill(v),
      calibration,
    );
  for (const p of probabilities) builder.addResult({ probability: p, alarm: p >= 0.5 }, p * 3);
  return { schema: 'windlass.window/1', device, model, baseline: 'sha256:b', seq, ...builder.take() };
}

const arbitrary = fc
  .record({
    values: fc.array(fc.option(fc.double({ min: -1e4, max: 1e4 }), { nil: null }), {
      minLength: 1,
      maxLength: 30,
    }),
    probabilities: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 }),
    device: fc.constantFrom('pump-001', 'pump-002'),
    seq: fc.nat(100),
  })
  .map(({ values, ...given }) => summary(values, given));

test('what is summed up fits the contract', () => {
  fc.assert(
    fc.property(arbitrary, (s) => windowSummarySchema.safeParse(JSON.parse(JSON.stringify(s))).success),
  );
});

test('merging is exact in any order', () => {
  fc.assert(
    fc.property(arbitrary, arbitrary, arbitrary, (a, b, c) => {
      expect(mergeWindows([b, a, c])).toEqual(mergeWindows([a, b, c]));
      expect(mergeWindows([c, b, a])).toEqual(mergeWindows([a, b, c]));
    }),
    { numRuns: 200 },
  );
});

test('a stretch that is cut in two adds up to the uncut one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 40 }),
      fc.nat(),
      (values, at) => {
        const cut = 1 + (at % (values.length - 1));
        const builder = new SummaryBuilder(manifest, tinyBaseline());
        const parts = [values.slice(0, cut), values.slice(cut)].map((part, p) => {
          for (const [i, v] of part.entries())
            builder.addRow(
              new Date(1e12 + (p * cut + i) * 1000).toISOString(),
              new Array(WIDTH).fill(v),
              calibration,
            );
          const head = {
            schema: 'windlass.window/1',
            device: 'pump-001',
            model,
            baseline: 'sha256:b',
          } as const;
          return { ...head, seq: p, ...builder.take() };
        });
        expect(mergeWindows(parts)).toEqual({ ...mergeWindows([summary(values)]), windows: 2 });
      },
    ),
  );
});

test('readings are counted in the bins that the baseline itself was counted in', () => {
  const { edges } = tinyBaseline().columns[name]!;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.double({ min: -3, max: 3, noNaN: true }), fc.constantFrom(...edges)), {
        minLength: 1,
      }),
      (values) => {
        expect(summary(values).columns[name]?.bins).toEqual(histogram(values, edges));
      },
    ),
  );
});

test('null, NaN, out of range and stuck readings are counted apart', () => {
  const column = summary([1, null, NaN, Infinity, -0.5, 11, 7, 7, 7, 7, 7, 2]).columns[name];
  expect(column).toMatchObject({ nulls: 1, nonFinite: 2, outOfRange: 2, n: 9, stuck: 2 });
  expect(column?.bins.reduce((a, b) => a + b)).toBe(9);
});

test('scores, alarms, invalid windows and latencies are summed', () => {
  const builder = new SummaryBuilder(manifest, tinyBaseline());
  builder.addResult({ probability: 0.25, alarm: false }, 2);
  builder.addResult({ probability: 1, alarm: true }, 4);
  builder.addResult({ invalid: 'gap' }, 1);
  expect(builder.windows).toBe(3);
  const body = builder.take();
  expect(body).toMatchObject({ scored: 2, invalid: 1, alarms: 1 });
  expect(body.score).toEqual({ n: 2, sum: 1.25, sumSquares: 1.0625, bins: [0, 0, 1, 0, 0, 0, 0, 0, 0, 1] });
  expect(body.latencyMs).toEqual({ n: 3, sum: 7, max: 4 });
  expect(builder.windows).toBe(0);
});

test('summaries of another model or baseline do not add up', () => {
  const a = summary([1]);
  expect(() => mergeWindows([a, { ...a, baseline: 'sha256:other' }])).toThrow(RangeError);
  expect(() => mergeWindows([a, { ...a, model: { ...model, digest: 'sha256:x' } }])).toThrow(RangeError);
  expect(mergeWindows([a, { ...a, device: 'pump-002' }]).devices).toEqual(['pump-001', 'pump-002']);
});
