import type { Confusion } from '../../contracts/build/rule-results.ts';

const SECONDS_PER_DAY = 86_400;

/** What one wrong decision costs, in a unit of the project's own. */
export interface AlarmCosts {
  readonly falseAlarm: number;
  readonly missedAlarm: number;
}

/**
 * Without declared costs every wrong decision counts one: the cost is the number of wrong
 * decisions.
 */
export const UNIT_COSTS: AlarmCosts = { falseAlarm: 1, missedAlarm: 1 };

/**
 * Counts of one group and the time between two of its rows, in seconds; null when it is unknown.
 */
export interface TimedCounts {
  readonly counts: Confusion;
  readonly secondsPerRow: number | null;
}

/**
 * Cost per device-day: Σ (c_f · FP + c_m · FN) / w ÷ Σ n · Δt / 86400, over groups with n scored
 * rows Δt seconds apart. One decision is taken per window of w rows (neighbouring windows share all
 * but one row), so w rows that are wrong are one event. A group counts `weights[i]` times. Null
 * when a group's Δt is unknown or nothing was scored.
 */
export function costPerDeviceDay(
  groups: readonly TimedCounts[],
  rule: { readonly costs: AlarmCosts; readonly windowRows: number },
  weights?: ArrayLike<number>,
): number | null {
  let cost = 0;
  let days = 0;
  for (const [i, { counts, secondsPerRow }] of groups.entries()) {
    const { tp, tn, fp, fn } = counts;
    const times = weights === undefined ? 1 : (weights[i] as number);
    if (secondsPerRow === null) return null;
    cost += (times * (rule.costs.falseAlarm * fp + rule.costs.missedAlarm * fn)) / rule.windowRows;
    days += (times * (tp + tn + fp + fn) * secondsPerRow) / SECONDS_PER_DAY;
  }
  return days === 0 ? null : cost / days;
}
