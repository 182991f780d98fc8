export const RULES = ['model', 'champion', 'challenger', 'always-alarm', 'never-alarm', 'z-score'] as const;

export type Rule = (typeof RULES)[number];

/** What a model or a rule that needs none did with the same windows. */
export interface RuleResult {
  readonly rule: Rule;
  readonly f1: number;
  readonly falseAlarmRate: number;
  readonly missedAlarmRate: number;
  /** Null when a group's sampling interval is unknown. */
  readonly costPerDeviceDay: number | null;
  readonly confusion: Confusion;
}

/** tp, tn, fp, fn are counts of scored windows. */
export interface Confusion {
  readonly tp: number;
  readonly tn: number;
  readonly fp: number;
  readonly fn: number;
}
