import type { Confusion } from '../../contracts/build/rule-results.ts';
import type { RuleGroup } from '../evaluation/rules.ts';
import type { SliceValues } from '../evaluation/slices.ts';

/** Scores of two models on the very same windows of one group. */
export interface PairedGroup extends RuleGroup {
  readonly group: string;
  readonly champion: ArrayLike<number>;
  readonly challenger: ArrayLike<number>;
  readonly slices: SliceValues;
}

/** Scores at or above which each model raises the alarm. */
export interface Thresholds {
  readonly champion: number;
  readonly challenger: number;
}

/** Counts of both models on one group. */
export interface PairedCounts {
  readonly champion: Confusion;
  readonly challenger: Confusion;
  readonly secondsPerRow: number | null;
}

/** Counts over the given windows of a group (all by default). */
export function pairedCounts(
  group: PairedGroup,
  thresholds: Thresholds,
  windows?: readonly number[],
): PairedCounts {
  const champion = { tp: 0, tn: 0, fp: 0, fn: 0 };
  const challenger = { tp: 0, tn: 0, fp: 0, fn: 0 };
  const count = (i: number): void => {
    const anomaly = group.labels[i] === 1;
    const kind = (alarm: boolean): keyof Confusion => (anomaly ? (alarm ? 'tp' : 'fn') : alarm ? 'fp' : 'tn');
    champion[kind((group.champion[i] as number) >= thresholds.champion)] += 1;
    challenger[kind((group.challenger[i] as number) >= thresholds.challenger)] += 1;
  };
  if (windows === undefined) for (let i = 0; i < group.labels.length; i += 1) count(i);
  else windows.forEach(count);
  return { champion, challenger, secondsPerRow: group.secondsPerRow };
}

export type Side = 'champion' | 'challenger';

/** Counts of one model over groups, each counted as often as it was drawn. */
export function pooled(counts: readonly PairedCounts[], side: Side, weights: Uint32Array): Confusion {
  const total = { tp: 0, tn: 0, fp: 0, fn: 0 };
  for (const [i, group] of counts.entries()) {
    const times = weights[i] as number;
    const own = group[side];
    total.tp += times * own.tp;
    total.tn += times * own.tn;
    total.fp += times * own.fp;
    total.fn += times * own.fn;
  }
  return total;
}
