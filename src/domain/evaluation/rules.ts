import type { Rule, RuleResult } from '../../contracts/build/rule-results.ts';
import type { Confusion } from '../../contracts/build/rule-results.ts';
import { costPerDeviceDay, type AlarmCosts } from './cost.ts';
import { Z_LIMIT } from './deviation.ts';
import { addConfusions, alarmRates, confusion } from './metrics.ts';

/** Windows of one group with what the rules that need no model judge by. */
export interface RuleGroup {
  readonly labels: ArrayLike<number>;
  readonly deviations: ArrayLike<number>;
  readonly secondsPerRow: number | null;
}

export interface CostRule {
  readonly costs: AlarmCosts;
  /** Rows of one decision. */
  readonly windowRows: number;
}

/** What a model or rule did, from its counts per group. */
export function ruleResult(
  rule: Rule,
  groups: readonly { readonly counts: Confusion; readonly secondsPerRow: number | null }[],
  cost: CostRule,
): RuleResult {
  const total = addConfusions(groups.map((g) => g.counts));
  return {
    rule,
    ...alarmRates(total),
    costPerDeviceDay: costPerDeviceDay(groups, cost),
    confusion: total,
  };
}

/**
 * Always alarming, never alarming, and the z-score rule (any column of the last row 3 or more
 * standard deviations off).
 */
export function referenceRules(groups: readonly RuleGroup[], cost: CostRule): RuleResult[] {
  const scored = (scores: (g: RuleGroup) => ArrayLike<number>, threshold: number) =>
    groups.map((g) => ({
      counts: confusion(scores(g), g.labels, threshold),
      secondsPerRow: g.secondsPerRow,
    }));
  const constant = (value: number) => (g: RuleGroup) => new Uint8Array(g.labels.length).fill(value);
  return [
    ruleResult('always-alarm', scored(constant(1), 1), cost),
    ruleResult('never-alarm', scored(constant(0), 1), cost),
    ruleResult(
      'z-score',
      scored((g) => g.deviations, Z_LIMIT),
      cost,
    ),
  ];
}
