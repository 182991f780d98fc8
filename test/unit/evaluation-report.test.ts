import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reliability, SliceResult } from '../../src/contracts/build/evaluation.ts';
import { projectSchema } from '../../src/contracts/project/project.ts';
import type { SliceSpec } from '../../src/contracts/project/evaluation.ts';
import type { GroupScores } from '../../src/contracts/build/scores.ts';
import { costPerDeviceDay } from '../../src/domain/evaluation/cost.ts';
import { deviations, secondsPerRow } from '../../src/domain/evaluation/deviation.ts';
import { reliability } from '../../src/domain/evaluation/reliability.ts';
import { evaluationReport } from '../../src/domain/evaluation/report.ts';
import { NO_SLICE, sliceOfPath, sliceValues } from '../../src/domain/evaluation/slices.ts';
import { sliceGates } from '../../src/domain/model-gates/slice-gates.ts';

const slice = (given: Partial<SliceSpec> & Pick<SliceSpec, 'name'>): SliceSpec => ({
  expected: [],
  minWindows: 30,
  minGroups: 4,
  gates: {},
  ...given,
});

describe('calibration', () => {
  const { reliability: cases } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../fixtures/statistics/tests.json'), 'utf8'),
  ) as { reliability: (Reliability & { scores: number[]; labels: number[] })[] };

  test.each(cases.map((c, i) => [i, c] as const))('case %d: Brier, ECE and bins of numpy', (_, c) => {
    const found = reliability(c.scores, c.labels);
    expect(Math.abs((found?.brier ?? NaN) - c.brier)).toBeLessThan(1e-12);
    expect(Math.abs((found?.ece ?? NaN) - c.ece)).toBeLessThan(1e-12);
    expect(found?.bins).toHaveLength(c.bins.length);
    found?.bins.forEach((bin, i) => {
      expect(bin.n).toBe(c.bins[i]?.n);
      expect(bin.score).toBeCloseTo(c.bins[i]?.score ?? NaN, 12);
      expect(bin.observed).toBeCloseTo(c.bins[i]?.observed ?? NaN, 12);
    });
  });

  test('scores that are no probabilities have none', () => {
    expect(reliability([0.2, 1.3], [0, 1])).toBeNull();
    expect(reliability([], [])).toBeNull();
  });
});

test.each([
  ['{}/', 'north/pump-1.csv', 'north'],
  ['sites/{}/', 'sites/south/a.csv', 'south'],
  ['plant-*_{}_', 'plant-7_cold_03.csv', 'cold'],
  ['{}/', 'pump-1.csv', NO_SLICE],
  ['*/pump-{}', 'north/pump-12.csv', '12'],
  ['a+b/{}/', 'aab/x/1.csv', NO_SLICE],
])('the pattern %s of the path %s gives %s', (pattern, path, value) => {
  expect(sliceOfPath(pattern, path)).toBe(value);
});

test('a column gives one value per window, or one for all when they agree', () => {
  const slices = [{ name: 'regime', column: 'mode' }];
  const file = { path: 'a.csv', rows: [1, 2] };
  expect(sliceValues(slices, { ...file, texts: { mode: ['x', 'low', 'high'] } })).toEqual({
    regime: ['low', 'high'],
  });
  expect(sliceValues(slices, { ...file, texts: { mode: ['x', 'low', ' low '] } })).toEqual({ regime: 'low' });
  expect(sliceValues(slices, { ...file, texts: { mode: ['x', '', ''] } })).toEqual({ regime: NO_SLICE });
});

test('deviations are the largest of the last row, and the sampling interval is the median one', () => {
  const data = { values: Float32Array.of(0, 10, 2, 10, -1, 25) };
  const calibration = { mean: Float32Array.of(0, 10), std: Float32Array.of(1, 5) };
  expect(deviations(data, calibration, [0, 1, 2])).toEqual([0, 2, 3]);
  expect(secondsPerRow([0, 1000, 2000, 9000, 9000, 10000])).toBe(1);
  expect(secondsPerRow([NaN, NaN])).toBeNull();
});

test('cost per device-day: wrong windows over the window length, over scored time', () => {
  const groups = [
    { counts: { tp: 0, tn: 3000, fp: 600, fn: 0 }, secondsPerRow: 1 },
    { counts: { tp: 0, tn: 0, fp: 0, fn: 60 }, secondsPerRow: 60 },
  ];
  const rule = { costs: { falseAlarm: 2, missedAlarm: 50 }, windowRows: 60 };
  // 10 false alarms of 2 and one missed alarm of 50, in two hours.
  expect(costPerDeviceDay(groups, rule)).toBeCloseTo((10 * 2 + 50) * 12, 9);
  expect(costPerDeviceDay(groups, rule, [2, 0])).toBeCloseTo(20 * 24, 9);
  expect(costPerDeviceDay([{ ...groups[0]!, secondsPerRow: null }], rule)).toBeNull();
});

describe('slices', () => {
  /**
   * Ten groups of 100 anomalous and 100 normal windows; those in the south miss half of the
   * anomalies.
   */
  const groups = Array.from({ length: 10 }, (_, g): GroupScores => {
    const south = g % 2 === 1;
    const labels = Array.from({ length: 200 }, (_, i) => (i < 100 ? 1 : 0));
    return {
      group: String(g),
      sha256: '',
      fold: 0,
      secondsPerRow: 1,
      labels,
      rows: labels.map((_, i) => i),
      scores: labels.map((label, i) => (label === 1 && !(south && i < 45 + g) ? 0.9 : 0.1)),
      deviations: labels.map(() => 1),
      slices: { site: south ? 'south' : 'north', wing: g === 0 ? 'a' : 'b' },
    };
  });
  const slices = [
    slice({ name: 'site', path: '{}/', expected: ['east'] }),
    slice({ name: 'wing', path: '{}-' }),
  ];
  const spec = projectSchema.pick({ evaluation: true }).parse({ evaluation: { slices } });
  const model = { threshold: 0.5, window: 60 } as Parameters<typeof evaluationReport>[1]['spec']['model'];
  const report = evaluationReport(groups, { spec: { ...spec, model }, seed: 7 });
  const of = (value: string): SliceResult | undefined => report.slices.find((s) => s.value === value);

  test('each has point and interval; one with too few groups says so, one that is expected and absent is missing', () => {
    expect(of('north')).toMatchObject({
      status: 'judged',
      rows: 1000,
      groups: 5,
      f1: { value: 1, interval: [1, 1] },
    });
    const { value, interval } = of('south')?.missedAlarmRate ?? { value: NaN, interval: null };
    expect(value).toBeCloseTo(0.5, 12);
    expect(interval?.[0]).toBeGreaterThan(0.46);
    expect(interval?.[1]).toBeLessThan(0.54);
    expect(interval?.[0]).toBeLessThan(interval?.[1] ?? 0);
    expect(of('a')).toMatchObject({ status: 'insufficient', groups: 1, f1: { value: 1, interval: null } });
    expect(of('east')).toMatchObject({ status: 'missing', rows: 0, f1: null });
  });

  test('gates: missing and broken fail, too few is insufficient only where something is demanded', () => {
    const status = (given: Partial<SliceSpec> & Pick<SliceSpec, 'name'>) =>
      sliceGates(report.slices, [slice(given)])[0];
    expect(status({ name: 'site' })).toMatchObject({
      name: 'slice-site',
      status: 'fail',
      n: 2000,
      reason: 'east: expected, and not in the data',
    });
    const sites = report.slices.filter((s) => s.value !== 'east');
    expect(sliceGates(sites, [slice({ name: 'site', gates: { maxMissedAlarmRate: 0.2 } })])[0]).toMatchObject(
      {
        status: 'fail',
        reason: 'south: missed alarms 0.5 over 0.2',
      },
    );
    expect(sliceGates(sites, [slice({ name: 'site', gates: { minF1: 0.6 } })])[0]).toMatchObject({
      status: 'pass',
    });
    expect(status({ name: 'wing' })).toMatchObject({
      status: 'warn',
      reason: expect.stringContaining('a: too few'),
    });
    expect(status({ name: 'wing', gates: { minF1: 0.1 } })).toMatchObject({ status: 'insufficient' });
  });

  test('the report sets the model next to always, never and z-score alarms', () => {
    expect(report.rules.map((r) => r.rule)).toEqual(['model', 'always-alarm', 'never-alarm', 'z-score']);
    expect(report.costs).toEqual({ falseAlarm: 1, missedAlarm: 1, declared: false });
    expect(report.costPerDeviceDay).toBe(report.rules[0]?.costPerDeviceDay);
    expect(report.reliability?.bins.length).toBeGreaterThan(1);
  });
});

test.each([
  [{ name: 'site' }, 'expected either column or path'],
  [{ name: 'site', path: 'north/' }, 'expected one {} where the value stands'],
  [{ name: 'site', path: '{}/', column: 'site' }, 'expected either column or path'],
])('windlass.yaml with the slice %j is refused', (given, message) => {
  const parsed = projectSchema.pick({ evaluation: true }).safeParse({ evaluation: { slices: [given] } });
  expect(parsed.error?.issues.map((i) => i.message).join()).toContain(message);
});
