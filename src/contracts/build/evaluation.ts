import type { RuleResult } from './rule-results.ts';
import type { Confusion } from './rule-results.ts';

/** One bin of a reliability curve: mean score and share of anomalies of its windows. */
export interface ReliabilityBin {
  readonly score: number;
  readonly observed: number;
  readonly n: number;
}

/** How far scores can be read as probabilities; null in a report whose scores lie outside 0..1. */
export interface Reliability {
  /** Mean squared distance of score and label (Brier 1950). */
  readonly brier: number;
  /** Expected calibration error over the bins. */
  readonly ece: number;
  readonly bins: readonly ReliabilityBin[];
}

export interface SliceMetric {
  readonly value: number;
  /** 95 % interval by resampling groups; null where the slice is too small for one. */
  readonly interval: readonly [number, number] | null;
}

/** What the model did with the windows of one slice. */
export interface SliceResult {
  readonly slice: string;
  readonly value: string;
  /**
   * `insufficient`: fewer windows or groups than windlass.yaml asks for; `missing`: expected, and
   * not in the data.
   */
  readonly status: 'judged' | 'insufficient' | 'missing';
  readonly rows: number;
  readonly groups: number;
  readonly f1: SliceMetric | null;
  readonly falseAlarmRate: SliceMetric | null;
  readonly missedAlarmRate: SliceMetric | null;
}

/** An evaluation beyond its metrics, kept as an artefact. */
export interface EvaluationReport {
  readonly schema: 'windlass.evaluation/1';
  /** The model next to always, never and z-score alarms. */
  readonly rules: readonly RuleResult[];
  readonly costs: { readonly falseAlarm: number; readonly missedAlarm: number; readonly declared: boolean };
  readonly reliability: Reliability | null;
  readonly slices: readonly SliceResult[];
}

export interface EvaluationMetrics {
  readonly f1: number;
  /** FP / (FP + TN) */
  readonly falseAlarmRate: number;
  /** FN / (FN + TP) */
  readonly missedAlarmRate: number;
  readonly auc: number;
  /** F1 of the rule that always raises the alarm: 2p / (1 + p) with prevalence p. */
  readonly alwaysAlarmF1: number;
  readonly confusion: Confusion;
  readonly rows: number;
  readonly groups: number;
  /**
   * Brier score and expected calibration error (15 bins of equal mass); absent when scores are no
   * probabilities.
   */
  readonly brier?: number;
  readonly ece?: number;
  /**
   * By the costs of windlass.yaml, else the number of wrong decisions; absent when the sampling
   * interval is unknown.
   */
  readonly costPerDeviceDay?: number;
}
