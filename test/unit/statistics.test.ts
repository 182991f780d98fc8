import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';
import {
  jensenShannonDistance,
  largestShareDifference,
} from '../../src/domain/statistics/categorical-distance.ts';
import {
  bootstrapAtMost,
  clusterBootstrap,
  percentileInterval,
} from '../../src/domain/statistics/cluster-bootstrap.ts';
import { deLongTest } from '../../src/domain/statistics/delong.ts';
import { kolmogorovSmirnov } from '../../src/domain/statistics/kolmogorov-smirnov.ts';
import { mcNemarTest } from '../../src/domain/statistics/mcnemar.ts';
import { benjaminiHochberg, holm } from '../../src/domain/statistics/multiple-tests.ts';
import {
  newcombePaired,
  wilsonInterval,
  type PairedCounts,
} from '../../src/domain/statistics/proportion-intervals.ts';
import { wassersteinDistance } from '../../src/domain/statistics/wasserstein.ts';

type Interval = [number, number];
interface Numbers {
  twoSamples: {
    a: number[];
    b: number[];
    statistic: number;
    pAsymptotic: number;
    pExact: number | null;
    wasserstein: number;
  }[];
  categories: { p: number[]; q: number[]; jensenShannon: number; largest: number }[];
  delong: {
    labels: number[];
    a: number[];
    b: number[];
    first: number;
    second: number;
    variance: number;
    z: number;
    p: number;
  }[];
  mcnemar: { b: number; c: number; pExact: number; statistic: number; pCorrected: number }[];
  wilson: { k: number; n: number; confidence: number; interval: Interval }[];
  newcombePaired: { counts: PairedCounts; interval: Interval }[];
  families: { p: number[]; holm: number[]; benjaminiHochberg: number[] }[];
}

/** Computed by scipy, statsmodels and numpy; tests.py beside the file makes it. */
const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/statistics/tests.json'), 'utf8'),
) as Numbers;

const each = <T>(cases: readonly T[]): [number, T][] => cases.map((c, i) => [i, c]);
function equal(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted)));
}
function equalAll(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  found.forEach((x, i) => equal(x, wanted[i] as number));
}

describe('two samples', () => {
  test.each(each(expected.twoSamples))('case %d: Kolmogorov–Smirnov and Wasserstein of scipy', (_, c) => {
    const found = kolmogorovSmirnov(c.a, c.b);
    equal(found.statistic, c.statistic);
    equal(found.pAsymptotic, c.pAsymptotic);
    if (c.pExact === null) expect(found.pExact).toBeNull();
    else equal(found.pExact ?? NaN, c.pExact);
    equal(wassersteinDistance(c.a, c.b), c.wasserstein);
    equal(wassersteinDistance(c.b, c.a), c.wasserstein);
  });

  test('equal samples do not differ, disjoint ones differ wholly, empty ones are refused', () => {
    expect(kolmogorovSmirnov([1, 2, 2], [2, 1, 2])).toEqual({ statistic: 0, pAsymptotic: 1, pExact: 1 });
    // Two of the C(6, 3) = 20 orders keep the samples apart.
    expect(kolmogorovSmirnov([1, 2, 3], [4, 5, 6]).pExact).toBeCloseTo(0.1, 12);
    expect(wassersteinDistance([1, 2, 3], [4, 5, 6])).toBeCloseTo(3, 12);
    expect(() => kolmogorovSmirnov([], [1])).toThrow(RangeError);
    expect(() => wassersteinDistance([1], [])).toThrow(RangeError);
  });
});

test.each(each(expected.categories))('categories %d: Jensen–Shannon and L∞ of scipy', (_, c) => {
  equal(jensenShannonDistance(c.p, c.q), c.jensenShannon);
  equal(largestShareDifference(c.p, c.q), c.largest);
  expect(() => jensenShannonDistance([0, 0], [1, 1])).toThrow(RangeError);
});

test.each(each(expected.delong))('case %d: DeLong by brute force over all pairs', (_, c) => {
  const found = deLongTest(c.a, c.b, c.labels);
  for (const name of ['first', 'second', 'variance', 'z', 'p'] as const) equal(found[name], c[name]);
  expect(deLongTest(c.a, c.a, c.labels)).toMatchObject({ difference: 0, z: 0, p: 1 });
});

test.each(each(expected.mcnemar))('case %d: McNemar of statsmodels', (_, c) => {
  const found = mcNemarTest(c.b, c.c);
  equal(found.pExact, c.pExact);
  equal(found.statistic, c.statistic);
  equal(found.pCorrected, c.pCorrected);
});

describe('intervals of proportions', () => {
  test.each(each(expected.wilson))('Wilson %d is that of statsmodels', (_, c) => {
    equalAll(wilsonInterval(c.k, c.n, c.confidence), c.interval);
  });
  test.each(each(expected.newcombePaired))('Newcombe, paired, %d', (_, c) => {
    equalAll(newcombePaired(c.counts), c.interval);
  });
  test('the example printed in the paper of 1998', () => {
    const pairs = newcombePaired({ both: 36, onlyFirst: 12, onlySecond: 2, neither: 0 });
    expect(pairs.map((x) => x.toFixed(4))).toEqual(['0.0569', '0.3404']);
  });
});

test.each(each(expected.families))('family %d: Holm and Benjamini–Hochberg of statsmodels', (_, c) => {
  equalAll(holm(c.p), c.holm);
  equalAll(benjaminiHochberg(c.p), c.benjaminiHochberg);
});

describe('bootstrap over clusters', () => {
  /** Mean of clusters of correlated values: cluster level and noise are standard normal. */
  function world(random: () => number, clusters: number) {
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Array.from({ length: clusters }, () => {
      const level = normal();
      const size = 3 + Math.floor(random() * 5);
      return { size, sum: Array.from({ length: size }, () => level + normal()).reduce((a, b) => a + b, 0) };
    });
  }
  const meanOf = (data: ReturnType<typeof world>) => (weights: Uint32Array) => {
    let [sum, n] = [0, 0];
    for (let i = 0; i < data.length; i += 1) {
      const cluster = data[i] as (typeof data)[number];
      const times = weights[i] as number;
      sum += times * cluster.sum;
      n += times * cluster.size;
    }
    return { mean: sum / n };
  };

  test('covers the truth as often as it says, within the error of the simulation', () => {
    const random = seededRandom(23);
    const worlds = 300;
    let covered = 0;
    for (let w = 0; w < worlds; w += 1) {
      const { mean } = clusterBootstrap(60, meanOf(world(random, 60)), { seed: w, replicates: 200 });
      const [low, high] = percentileInterval(mean, 0.9);
      if (low <= 0 && 0 <= high) covered += 1;
    }
    // Three standard errors of the simulation; with 60 clusters the interval itself is right to a
    // point.
    expect(Math.abs(covered / worlds - 0.9)).toBeLessThan(3 * Math.sqrt((0.9 * 0.1) / worlds));
  });

  test('p-values of the bootstrap are uniform under the null, and small where the value is far above the bound', () => {
    const random = seededRandom(29);
    const small = Array.from({ length: 200 }, (_, seed) => {
      const { mean } = clusterBootstrap(50, meanOf(world(random, 50)), { seed, replicates: 200 });
      expect(bootstrapAtMost(mean, -3)).toBeCloseTo(1 / 201, 12);
      return bootstrapAtMost(mean, 0);
    }).filter((p) => p <= 0.1).length;
    expect(Math.abs(small / 200 - 0.1)).toBeLessThan(4 * Math.sqrt((0.1 * 0.9) / 200));
  });
});
