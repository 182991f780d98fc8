import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decileEdges, histogram, quantile } from '../../src/domain/statistics/quantiles.ts';
import { clusterBootstrap, percentileInterval } from '../../src/domain/statistics/cluster-bootstrap.ts';
import { pooled } from '../../src/domain/comparison/paired-groups.ts';
import {
  areaUnderCurve,
  confusion,
  evaluationMetrics,
  f1Score,
} from '../../src/domain/evaluation/metrics.ts';
import { seededRandom, shuffled } from '../../src/base/random.ts';

interface Expected {
  metrics: {
    scores: number[];
    labels: number[];
    f1: number;
    auc: number;
    falseAlarmRate: number;
    missedAlarmRate: number;
    alwaysAlarmF1: number;
    confusion: { tp: number; tn: number; fp: number; fn: number };
  }[];
  bootstrap: {
    groups: { labels: number[]; champion: number[]; challenger: number[] }[];
    difference: number;
    interval: [number, number];
  };
  deciles: { values: number[]; edges: number[]; shares: number[] };
}

/** Computed by scikit-learn and numpy; evaluation.py beside the file makes it. */
const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/statistics/evaluation.json'), 'utf8'),
) as Expected;

describe('metrics are those of scikit-learn', () => {
  test.each(expected.metrics.map((m, i) => [i, m] as const))('case %d', (_i, m) => {
    const found = evaluationMetrics([{ group: 'a', scores: m.scores, labels: m.labels }], 0.5);
    expect(found.confusion).toEqual(m.confusion);
    for (const name of ['f1', 'auc', 'falseAlarmRate', 'missedAlarmRate', 'alwaysAlarmF1'] as const)
      expect(found[name]).toBeCloseTo(m[name], 12);
    expect(found.rows).toBe(m.scores.length);
  });

  test('groups are pooled', () => {
    const [m] = expected.metrics;
    if (m === undefined) throw new Error('no case');
    const half = m.scores.length / 2;
    const part = (from: number, to: number) => ({
      group: String(from),
      scores: m.scores.slice(from, to),
      labels: m.labels.slice(from, to),
    });
    const found = evaluationMetrics([part(0, half), part(half, m.scores.length)], 0.5);
    expect(found).toMatchObject({ groups: 2, confusion: m.confusion });
    expect(found.auc).toBeCloseTo(m.auc, 12);
  });

  test('one class alone says nothing: AUC 0.5, F1 0', () => {
    expect(areaUnderCurve([0.1, 0.9], [0, 0])).toBe(0.5);
    expect(evaluationMetrics([{ group: 'a', scores: [0.1], labels: [0] }], 0.5).f1).toBe(0);
  });
});

describe('paired cluster bootstrap', () => {
  const paired = expected.bootstrap.groups.map((g) => ({
    champion: confusion(g.champion, g.labels, 0.5),
    challenger: confusion(g.challenger, g.labels, 0.5),
    secondsPerRow: 1,
  }));
  const run = (groups: typeof paired, seed: number) => {
    const { f1 } = clusterBootstrap(
      groups.length,
      (weights) => ({
        f1: f1Score(pooled(groups, 'challenger', weights)) - f1Score(pooled(groups, 'champion', weights)),
      }),
      { seed },
    );
    return { difference: f1.value, interval: percentileInterval(f1) };
  };

  test('the interval is that of 40,000 replicates by numpy', () => {
    const { difference, interval } = run(paired, 7);
    expect(difference).toBeCloseTo(expected.bootstrap.difference, 12);
    // 2,000 against 40,000 replicates: the ends differ by sampling only.
    const width = expected.bootstrap.interval[1] - expected.bootstrap.interval[0];
    expect(Math.abs(interval[0] - expected.bootstrap.interval[0])).toBeLessThan(0.08 * width);
    expect(Math.abs(interval[1] - expected.bootstrap.interval[1])).toBeLessThan(0.08 * width);
  });

  test('the same seed gives the same interval, another seed another', () => {
    expect(run(paired, 7)).toEqual(run(paired, 7));
    expect(run(paired, 8).interval).not.toEqual(run(paired, 7).interval);
  });

  test('two equal models differ by nothing', () => {
    const same = paired.map((p) => ({ ...p, challenger: p.champion }));
    expect(run(same, 7)).toEqual({ difference: 0, interval: [0, 0] });
  });
});

describe('quantiles and histograms are those of numpy', () => {
  test('decile edges and shares', () => {
    const { values, edges, shares } = expected.deciles;
    const sorted = Float64Array.from(values).sort();
    decileEdges(sorted).forEach((edge, i) => expect(edge).toBeCloseTo(edges[i] as number, 12));
    const counts = histogram(values, edges);
    expect(counts.map((n) => n / values.length)).toEqual(shares);
  });

  test('a value on an edge belongs to the bin above it', () => {
    expect(histogram([1, 2, 3], [2])).toEqual([1, 2]);
    expect(quantile([4], 0.3)).toBe(4);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe('seeded random numbers', () => {
  test('are uniform, repeatable, and differ between seeds', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 20_000 }, random);
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1).slice(0, 3)).not.toEqual(draw(2).slice(0, 3));
    const counts = histogram(draw(5), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    const chiSquare = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 99.9 % of a chi-square with nine degrees of freedom
  });

  test('a shuffle keeps every item once', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const mixed = shuffled(items, seededRandom(3));
    expect(mixed).not.toEqual(items);
    expect([...mixed].sort((a, b) => a - b)).toEqual(items);
  });
});
