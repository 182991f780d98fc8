import { monitoringBaseline, type ReferenceGroup } from '../../src/domain/monitoring/monitoring-baseline.ts';
import { fitMeanStd, judgedRows, STD_FLOOR } from '../../src/domain/evaluation/group-rows.ts';
import { calibratedThreshold } from '../../src/domain/monitoring/calibrated-threshold.ts';
import { populationStabilityIndex } from '../../src/domain/statistics/psi.ts';
import { histogram } from '../../src/domain/statistics/quantiles.ts';
import { seededRandom } from '../../src/base/random.ts';
import { monitoringBaselineSchema } from '../../src/contracts/device/window-summary.ts';

const CALIBRATION = 50;
const OPTIONS = { columns: ['a', 'b'], calibrationRows: CALIBRATION, chunkRows: 200, seed: 7 };

/** Standard normal numbers (Box–Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function group(
  index: number,
  rows = 400,
  change: (row: number, z: number) => number = (_r, z) => z,
): ReferenceGroup {
  const random = seededRandom(100 + index);
  const values = new Float32Array(rows * 2);
  const labels = new Int8Array(rows);
  for (let r = 0; r < rows; r += 1) {
    labels[r] = r >= rows * 0.75 ? 1 : 0;
    values[r * 2] = change(r, normal(random)) * 3 + 100 + index;
    values[r * 2 + 1] = normal(random) + (labels[r] === 1 ? 50 : 0);
  }
  const calibration = { mean: Float32Array.of(100 + index, 0), std: Float32Array.of(3, 1) };
  const scores = new Map(
    Array.from({ length: rows - CALIBRATION }, (_, i) => [CALIBRATION + i, random() ** 3] as const),
  );
  return { data: { group: `g${index}`, rows, values, labels }, calibration, scores };
}
const groups = Array.from({ length: 10 }, (_, i) => group(i));
const baseline = monitoringBaseline(groups, OPTIONS);

test('is the contract, from normal rows after calibration alone', () => {
  expect(monitoringBaselineSchema.parse(baseline)).toEqual(baseline);
  expect(baseline).toMatchObject({ rows: 10 * (300 - CALIBRATION), groups: 10, chunkRows: 200 });
  // Rows labelled as anomalies lie 50 away; none of them came in.
  expect(baseline.columns['b']?.mean).toBeCloseTo(0, 0);
  expect(Math.max(...(baseline.columns['b']?.edges ?? []))).toBeLessThan(2);
});

test('has ten bins of equal share per column, and shares of scores on ten equal bins', () => {
  for (const column of Object.values(baseline.columns)) {
    expect(column.edges).toEqual([...column.edges].sort((x, y) => x - y));
    expect(column.edges).toHaveLength(9);
    for (const share of column.shares) expect(share).toBeCloseTo(0.1, 2);
  }
  expect(baseline.score.shares).toHaveLength(10);
  expect(baseline.score.shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  expect(baseline.score.shares[0]).toBeGreaterThan(0.3); // u³ lies below 0.1 with probability 0.46
});

test('its threshold lets fresh readings of the same pumps through, and stops shifted ones', () => {
  const threshold = calibratedThreshold(baseline.columns['a']?.chunkPsi ?? [], 0) ?? 0;
  const psi = (shift: number, seed: number): number => {
    const random = seededRandom(seed);
    const fresh = Array.from({ length: OPTIONS.chunkRows }, () => normal(random) + shift);
    const { edges = [], shares = [] } = baseline.columns['a'] ?? {};
    return populationStabilityIndex(shares, histogram(fresh, edges)) ?? Number.NaN;
  };
  const alarms = (shift: number): number =>
    Array.from({ length: 40 }, (_, i) => psi(shift, 1000 + i)).filter((p) => p > threshold).length;
  expect(alarms(0)).toBeLessThanOrEqual(3);
  expect(alarms(1)).toBe(40);
});

test('the same data and seed give the same baseline', () => {
  expect(monitoringBaseline(groups, OPTIONS)).toEqual(baseline);
  expect(monitoringBaseline(groups, { ...OPTIONS, seed: 8 }).columns['a']?.chunkPsi).not.toEqual(
    baseline.columns['a']?.chunkPsi,
  );
});

test('missing readings are left out; a sensor that stood still is no infinity', () => {
  const broken = group(3, 400, (r, z) => (r % 5 === 0 ? Number.NaN : z));
  const still = {
    ...broken,
    calibration: { mean: broken.calibration.mean, std: Float32Array.of(STD_FLOOR, 1) },
  };
  const made = monitoringBaseline([still, ...groups], OPTIONS);
  expect(JSON.stringify(made)).not.toContain('null');
  expect(Math.max(...(made.columns['a']?.edges ?? []))).toBeLessThanOrEqual(1000);
  expect(() => monitoringBaseline([], OPTIONS)).toThrow(/no reading/);
});

describe('calibration', () => {
  test('is mean and population spread of the first rows, as float32', () => {
    const values = Float32Array.of(1, 10, 2, 10, 3, Number.NaN, 99, 99);
    expect(fitMeanStd(values, 2, 3)).toEqual({
      mean: Float32Array.of(2, 10),
      std: Float32Array.of(Math.sqrt(2 / 3), STD_FLOOR),
    });
  });
  test('needs a reading in every column', () => {
    expect(fitMeanStd(Float32Array.of(1, Number.NaN, 2, Number.NaN), 2, 2)).toBeUndefined();
  });
});

describe('scored rows', () => {
  const rows = (n: number, gaps: readonly number[] = []) => ({
    rows: n,
    values: Float32Array.from({ length: n }, (_, r) => (gaps.includes(r) ? Number.NaN : r)),
  });
  const judged = (n: number, window: number, calibration: number, overlap = true, gaps: number[] = []) =>
    judgedRows(rows(n, gaps), 1, { window, calibration: { rows: calibration, overlap } });
  test('begin after calibration, and need a full window', () => {
    expect(judged(8, 3, 5)).toEqual({ quiet: [], scored: [5, 6, 7] });
    expect(judged(8, 7, 2).scored).toEqual([6, 7]);
    expect(judged(4, 3, 5).scored).toEqual([]);
  });
  test('leave out every window with a missing reading', () => {
    expect(judged(12, 3, 4, true, [6]).scored).toEqual([4, 5, 9, 10, 11]);
  });
  test('without overlap hold no commissioning row; the rows before are quiet, unless a reading is missing', () => {
    expect(judged(9, 3, 4, false)).toEqual({ quiet: [4, 5], scored: [6, 7, 8] });
    expect(judged(9, 3, 4, false, [5])).toEqual({ quiet: [4], scored: [8] });
    expect(judged(5, 3, 4, false)).toEqual({ quiet: [4], scored: [] });
  });
});
