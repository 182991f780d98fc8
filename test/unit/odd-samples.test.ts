import fc from 'fast-check';
import { areaUnderCurve } from '../../src/domain/evaluation/metrics.ts';
import { reliability } from '../../src/domain/evaluation/reliability.ts';
import { alarmShare } from '../../src/domain/monitoring/alarm-share.ts';
import { calibratedThreshold } from '../../src/domain/monitoring/calibrated-threshold.ts';
import {
  jensenShannonDistance,
  largestShareDifference,
} from '../../src/domain/statistics/categorical-distance.ts';
import { clusterBootstrap } from '../../src/domain/statistics/cluster-bootstrap.ts';
import { deLongTest } from '../../src/domain/statistics/delong.ts';
import { kolmogorovSmirnov } from '../../src/domain/statistics/kolmogorov-smirnov.ts';
import { benjaminiHochberg, holm } from '../../src/domain/statistics/multiple-tests.ts';
import { newcombePaired, wilsonInterval } from '../../src/domain/statistics/proportion-intervals.ts';
import { populationStabilityIndex } from '../../src/domain/statistics/psi.ts';
import { histogram, quantile } from '../../src/domain/statistics/quantiles.ts';
import { midranks } from '../../src/domain/statistics/ranks.ts';
import { wassersteinDistance } from '../../src/domain/statistics/wasserstein.ts';

type TwoSamples = (first: number[], second: number[]) => unknown;
const DISTANCES: readonly (readonly [string, TwoSamples])[] = [
  ['Wasserstein', wassersteinDistance],
  ['Kolmogorov–Smirnov', kolmogorovSmirnov],
  ['Jensen–Shannon', jensenShannonDistance],
  ['L∞', largestShareDifference],
];

const notFinite = fc.constantFrom(NaN, Infinity, -Infinity);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const sample = fc.array(finite, { minLength: 1, maxLength: 30 });
/** A sample with something in it that is no number. */
const broken = fc
  .tuple(fc.array(finite, { maxLength: 10 }), notFinite, fc.array(finite, { maxLength: 10 }))
  .map(([before, odd, after]) => [...before, odd, ...after]);

describe.each(DISTANCES)('%s', (_, distance) => {
  test('ends at once with a clear error on NaN and infinity, wherever they are', () => {
    fc.assert(
      fc.property(broken, (values) => {
        const sound = values.map(() => 1);
        expect(() => distance(values, sound)).toThrow(/first .* must be finite numbers: number \d+ of \d+/);
        expect(() => distance(sound, values)).toThrow(/second .* must be finite numbers: number \d+ of \d+/);
        expect(() => distance(values, sound)).toThrow(RangeError);
      }),
    );
  });

  test('refuses empty samples', () => {
    expect(() => distance([], [])).toThrow(RangeError);
    expect(() => distance([], [1])).toThrow(RangeError);
    expect(() => distance([1], [])).toThrow(RangeError);
  });
});

describe('finite samples, of any size and spread', () => {
  test('Wasserstein and Kolmogorov–Smirnov: symmetric, in range, 0 for a sample and itself', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const distance = wassersteinDistance(a, b);
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(wassersteinDistance(b, a)).toBe(distance);
        expect(wassersteinDistance(a, [...a].reverse())).toBe(0);
        const { statistic, pAsymptotic, pExact } = kolmogorovSmirnov(a, b);
        for (const share of [statistic, pAsymptotic, pExact ?? NaN]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1 + 1e-12);
        }
        expect(kolmogorovSmirnov(b, a).statistic).toBe(statistic);
        expect(kolmogorovSmirnov(a, a)).toEqual({ statistic: 0, pAsymptotic: 1, pExact: 1 });
      }),
    );
  });

  test('constant samples are as far apart as their values', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer({ min: 1, max: 9 }), (x, y, n) => {
        const [a, b] = [new Array<number>(n).fill(x), [y]];
        expect(wassersteinDistance(a, b)).toBe(Math.abs(x - y));
        expect(kolmogorovSmirnov(a, b).statistic).toBe(x === y ? 0 : 1);
      }),
    );
  });

  test('Jensen–Shannon and L∞ are in 0..1, symmetric, and 0 for equal shares', () => {
    const weight = fc.double({ min: 0, max: 1e9, noNaN: true });
    const pairs = fc
      .array(fc.tuple(weight, weight), { minLength: 1, maxLength: 20 })
      .map((all) => [all.map(([p]) => p), all.map(([, q]) => q)] as const)
      .filter((both) => both.every((side) => side.some((w) => w > 0)));
    fc.assert(
      fc.property(pairs, ([p, q]) => {
        for (const distance of [jensenShannonDistance, largestShareDifference]) {
          expect(distance(p, q)).toBeGreaterThanOrEqual(0);
          expect(distance(p, q)).toBeLessThanOrEqual(1 + 1e-12);
          expect(distance(q, p)).toBeCloseTo(distance(p, q), 12);
          expect(distance(p, p)).toBe(0);
        }
      }),
    );
    expect(() => jensenShannonDistance([1, -1, 3], [1, 1, 1])).toThrow('must not be below 0');
    expect(() => largestShareDifference([1e308, 1e308], [1, 1])).toThrow('finite total');
  });
});

describe('adjusted p-values', () => {
  const p = fc.double({ min: 0, max: 1, noNaN: true });

  test('are in 0..1, at least the p-value itself, and Holm is the stricter', () => {
    fc.assert(
      fc.property(fc.array(p, { maxLength: 30 }), (values) => {
        const [family, discovery] = [holm(values), benjaminiHochberg(values)];
        const rounded = 1 - 1e-12;
        values.forEach((value, i) => {
          expect(discovery[i]).toBeGreaterThanOrEqual(value * rounded);
          expect(family[i]).toBeGreaterThanOrEqual((discovery[i] as number) * rounded);
          expect(family[i]).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  test('refuse what is no probability, and name it', () => {
    for (const wrong of [NaN, -0.1, 1.1, Infinity]) {
      expect(() => holm([0.2, wrong])).toThrow(`number 2 is ${wrong}`);
      expect(() => benjaminiHochberg([0.2, wrong])).toThrow(RangeError);
    }
  });
});

test('nothing else takes NaN for a good or for a low number', () => {
  const labels = [1, 1, 0, 0];
  const scores = [0.9, NaN, 0.2, 0.1];
  expect(() => midranks(scores)).toThrow('number 2 of 4 is NaN');
  expect(() => deLongTest(scores, labels, labels)).toThrow(RangeError);
  expect(() => areaUnderCurve(scores, labels)).toThrow(RangeError);
  expect(reliability(scores, labels)).toBeNull();
  expect(() => populationStabilityIndex([0.5, 0.5], [NaN, 1])).toThrow('observed counts');
  expect(() => populationStabilityIndex([NaN, 0.5], [1, 1])).toThrow('expected shares');
  expect(() => calibratedThreshold([0.1, 0.1, NaN, 0.1, 0.1, 0.1], 0.2)).toThrow(RangeError);
  expect(() => alarmShare([NaN, 1], 0.5)).toThrow(RangeError);
  expect(() => histogram([NaN], [0.5])).toThrow('in no bin');
  for (const q of [NaN, -1, 2]) expect(() => quantile([1, 2], q)).toThrow(RangeError);
  expect(() => quantile([NaN, NaN], 0.5)).toThrow(RangeError);
  expect(() => clusterBootstrap(3, () => ({ rate: NaN }), { seed: 1 })).toThrow('rate is NaN');
  for (const k of [NaN, -1, 4]) expect(() => wilsonInterval(k, 3)).toThrow('no proportion');
  const nobody = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 };
  expect(() => newcombePaired(nobody)).toThrow('at least one pair');
});
