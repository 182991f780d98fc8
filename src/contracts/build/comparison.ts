import type { RuleResult } from './rule-results.ts';

/**
 * Something that a challenger may not make worse by more than its margin, whatever the primary
 * metric says.
 */
export interface GuardrailResult {
  /**
   * `false-alarm-rate`, `missed-alarm-rate`, `cost-per-device-day`, or `f1 where NAME=VALUE` for a
   * slice.
   */
  readonly name: string;
  /** `breached`: significantly worse than the margin; `insufficient`: too little to judge by. */
  readonly status: 'kept' | 'breached' | 'insufficient';
  readonly champion: number | null;
  readonly challenger: number | null;
  /** How much worse the challenger is, in the guardrail's unit; negative when it is better. */
  readonly worse: number | null;
  /** 95 % interval of `worse`, by the same replicates as the primary metric. */
  readonly interval: readonly [number, number] | null;
  readonly margin: number;
  /**
   * One-sided p-value that `worse` is at most the margin, and the same after Holm over all
   * guardrails that were tested.
   */
  readonly p: number | null;
  readonly adjustedP: number | null;
  /** Windows and groups that it rests on. */
  readonly rows: number;
  readonly groups: number;
}

/**
 * Classical tests of the same pairs. They count windows as independent, which overlapping windows
 * are not: their p-values are too small, so they inform and decide nothing.
 */
export interface ComparisonDiagnostics {
  /** Areas under the ROC curve (DeLong et al. 1988). */
  readonly deLong: {
    readonly champion: number;
    readonly challenger: number;
    readonly difference: number;
    readonly z: number;
    readonly p: number;
  } | null;
  /**
   * Windows that only one of both judged rightly; difference of accuracy with Newcombe's paired 95
   * % interval.
   */
  readonly mcNemar: {
    readonly onlyChampion: number;
    readonly onlyChallenger: number;
    readonly pExact: number;
    readonly pCorrected: number;
    readonly accuracyDifference: number;
    readonly interval: readonly [number, number];
  };
}

export const VERDICTS = [
  'SUPERIOR',
  'NON_INFERIOR',
  'INFERIOR',
  'INCONCLUSIVE',
  'INVALID',
  'NO_BASELINE',
] as const;

export type ComparisonVerdict = (typeof VERDICTS)[number];

/**
 * Challenger against champion on the same rows; difference = challenger − champion of the primary
 * metric.
 */
export interface Comparison {
  readonly verdict: ComparisonVerdict;
  readonly metric: 'f1';
  readonly champion: { readonly version: string; readonly value: number } | null;
  readonly challenger: { readonly value: number };
  readonly difference: number | null;
  /** 95 % interval of the difference from a paired cluster bootstrap by group. */
  readonly interval: readonly [number, number] | null;
  readonly margin: number;
  readonly rows: number;
  readonly groups: number;
  readonly replicates: number;
  readonly reason: string;
  /**
   * Verdict of the primary metric alone; a breached guardrail makes the verdict INFERIOR all the
   * same.
   */
  readonly primaryVerdict?: ComparisonVerdict;
  readonly guardrails?: readonly GuardrailResult[];
  readonly diagnostics?: ComparisonDiagnostics;
  /** Champion and challenger next to always, never and z-score alarms on the same windows. */
  readonly rules?: readonly RuleResult[];
}
