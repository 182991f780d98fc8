import type { Confusion } from '../../contracts/build/rule-results.ts';
import type { ColumnImportance } from '../../contracts/build/explanation.ts';
import { confusion, f1Score } from '../evaluation/metrics.ts';
import { MIN_COMPARISON_GROUPS } from '../comparison/compare.ts';
import { clusterBootstrap, percentileInterval } from '../statistics/cluster-bootstrap.ts';

/**
 * Scores of one group's windows as they are, and with each column exchanged: [column][repeat ×
 * window].
 */
export interface PermutedGroup {
  readonly labels: readonly number[];
  readonly scores: ArrayLike<number>;
  readonly permuted: readonly ArrayLike<number>[];
}

/**
 * Permutation importance: F1 lost by exchanging a column, whole windows at a time, among windows of
 * the same group (Fisher, Rudin & Dominici 2019, with F1 as the loss); the interval resamples
 * groups.
 */
export function permutationImportance(
  groups: readonly PermutedGroup[],
  columns: readonly string[],
  options: { readonly threshold: number; readonly seed: number },
): ColumnImportance[] {
  const { threshold, seed } = options;
  const counts = groups.map((g) => ({
    whole: confusion(g.scores, g.labels, threshold),
    permuted: g.permuted.map((scores) => {
      const labels = Array.from(scores, (_, i) => g.labels[i % g.labels.length] as number);
      return confusion(scores, labels, threshold);
    }),
  }));
  if (counts.length === 0) return [];
  const f1 = (of: (g: (typeof counts)[number]) => Confusion, weights: Uint32Array): number => {
    const total = { tp: 0, fp: 0, fn: 0 };
    counts.forEach((g, i) => {
      const own = of(g);
      const times = weights[i] as number;
      total.tp += times * own.tp;
      total.fp += times * own.fp;
      total.fn += times * own.fn;
    });
    return f1Score(total);
  };
  const losses = (weights: Uint32Array): Record<string, number> => {
    const whole = f1((g) => g.whole, weights);
    return Object.fromEntries(
      columns.map((column, c) => [column, whole - f1((g) => g.permuted[c] as Confusion, weights)]),
    );
  };
  const found = clusterBootstrap(counts.length, losses, { seed });
  return columns.map((column) => {
    const own = found[column] as NonNullable<(typeof found)[string]>;
    return {
      column,
      loss: own.value,
      interval: counts.length < MIN_COMPARISON_GROUPS ? null : percentileInterval(own),
    };
  });
}
