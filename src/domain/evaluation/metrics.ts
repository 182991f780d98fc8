import type { Confusion } from '../../contracts/build/rule-results.ts';
import type { EvaluationMetrics } from '../../contracts/build/evaluation.ts';
import { midranks } from '../statistics/ranks.ts';

/** Scored windows of one group: probability and true label (1 = anomaly) side by side. */
export interface ScoredGroup {
  readonly group: string;
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** Counts of alarms (score ≥ threshold) against labels. */
export function confusion(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): Confusion {
  const counts = { tp: 0, tn: 0, fp: 0, fn: 0 };
  for (let i = 0; i < scores.length; i += 1) {
    const alarm = (scores[i] ?? 0) >= threshold;
    if (labels[i] === 1) counts[alarm ? 'tp' : 'fn'] += 1;
    else counts[alarm ? 'fp' : 'tn'] += 1;
  }
  return counts;
}

export function addConfusions(all: readonly Confusion[]): Confusion {
  return all.reduce((a, b) => ({ tp: a.tp + b.tp, tn: a.tn + b.tn, fp: a.fp + b.fp, fn: a.fn + b.fn }), {
    tp: 0,
    tn: 0,
    fp: 0,
    fn: 0,
  });
}

/** 2·TP / (2·TP + FP + FN); 0 where there is neither an anomaly nor an alarm. */
export function f1Score({ tp, fp, fn }: Pick<Confusion, 'tp' | 'fp' | 'fn'>): number {
  const denominator = 2 * tp + fp + fn;
  return denominator === 0 ? 0 : (2 * tp) / denominator;
}

const share = (part: number, rest: number): number => (part + rest === 0 ? 0 : part / (part + rest));

export interface AlarmRates {
  readonly f1: number;
  /** FP / (FP + TN) */
  readonly falseAlarmRate: number;
  /** FN / (FN + TP) */
  readonly missedAlarmRate: number;
}

/** The rates that counts give; a rate without cases is 0. */
export function alarmRates(counts: Confusion): AlarmRates {
  return {
    f1: f1Score(counts),
    falseAlarmRate: share(counts.fp, counts.tn),
    missedAlarmRate: share(counts.fn, counts.tp),
  };
}

/**
 * Area under the ROC curve as the Mann–Whitney statistic with ties at half (Hanley & McNeil 1982);
 * 0.5 when only one class is there.
 */
export function areaUnderCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  let positives = 0;
  let rankSum = 0;
  midranks(scores).forEach((rank, i) => {
    if (labels[i] !== 1) return;
    positives += 1;
    rankSum += rank;
  });
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) return 0.5;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/**
 * Metrics over all scored windows of all groups together, next to the rule that always raises the
 * alarm.
 */
export function evaluationMetrics(groups: readonly ScoredGroup[], threshold: number): EvaluationMetrics {
  const counts = addConfusions(groups.map((g) => confusion(g.scores, g.labels, threshold)));
  const scores = groups.flatMap((g) => Array.from(g.scores));
  const labels = groups.flatMap((g) => Array.from(g.labels));
  return {
    ...alarmRates(counts),
    auc: areaUnderCurve(scores, labels),
    alwaysAlarmF1: f1Score({ tp: counts.tp + counts.fn, fp: counts.fp + counts.tn, fn: 0 }),
    confusion: counts,
    rows: scores.length,
    groups: groups.length,
  };
}
