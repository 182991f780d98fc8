import type { Confusion } from '../../contracts/build.ts';
import { f1Score } from '../evaluation/metrics.ts';
import { quantile } from '../baseline/quantiles.ts';
import { randomIndex, seededRandom } from '../random.ts';

export const BOOTSTRAP_REPLICATES = 2000;

/** Counts of two models on the very same scored windows of one group. */
export interface PairedGroup {
  readonly group: string;
  readonly champion: Confusion;
  readonly challenger: Confusion;
}

export interface BootstrapInterval {
  readonly difference: number;
  readonly interval: readonly [number, number];
  readonly replicates: number;
}

interface Totals {
  tp: number;
  fp: number;
  fn: number;
}

function add(total: Totals, counts: Confusion): void {
  total.tp += counts.tp;
  total.fp += counts.fp;
  total.fn += counts.fn;
}

function difference(groups: readonly PairedGroup[], pick: (i: number) => PairedGroup): number {
  const champion = { tp: 0, fp: 0, fn: 0 };
  const challenger = { tp: 0, fp: 0, fn: 0 };
  for (let i = 0; i < groups.length; i += 1) {
    const group = pick(i);
    add(champion, group.champion);
    add(challenger, group.challenger);
  }
  return f1Score(challenger) - f1Score(champion);
}

/**
 * F1 difference (challenger − champion) of the pooled counts with its 95 % percentile interval from a paired cluster
 * bootstrap: whole groups are drawn with replacement, both models keep the same draw. Source: Field & Welsh 2007,
 * "Bootstrapping clustered data"; Efron & Tibshirani 1993, ch. 13.
 */
export function pairedClusterBootstrap(
  groups: readonly PairedGroup[],
  seed: number,
  replicates: number = BOOTSTRAP_REPLICATES,
): BootstrapInterval {
  if (groups.length === 0) throw new RangeError('a bootstrap needs at least one group');
  const random = seededRandom(seed);
  const draws = Array.from({ length: replicates }, () =>
    difference(groups, () => groups[randomIndex(random, groups.length)] as PairedGroup),
  ).sort((a, b) => a - b);
  return {
    difference: difference(groups, (i) => groups[i] as PairedGroup),
    interval: [quantile(draws, 0.025), quantile(draws, 0.975)],
    replicates,
  };
}
