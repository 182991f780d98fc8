import type { Comparison } from '../../../contracts/build/comparison.ts';
import { table } from '../../shared/output.ts';
import { percent } from '../../../base/percent.ts';

/**
 * Champion and challenger next to rules that need no model, and guardrails that stand in the way;
 * nothing for old versions.
 */
export function comparisonLines({ rules = [], guardrails = [] }: Comparison): string[] {
  const breached = guardrails.filter((g) => g.status === 'breached');
  const unjudged = guardrails.filter((g) => g.status === 'insufficient').length;
  return [
    ...(rules.length === 0
      ? []
      : [
          table(
            ['ON THE SAME WINDOWS', 'F1', 'FALSE', 'MISSED', 'COST / DEVICE-DAY'],
            rules.map((r) => [
              r.rule,
              r.f1.toFixed(4),
              percent(r.falseAlarmRate),
              percent(r.missedAlarmRate),
              r.costPerDeviceDay?.toFixed(2) ?? 'unknown',
            ]),
          ),
        ]),
    ...breached.map(
      (g) =>
        `  guardrail  ${g.name} is breached: ${g.challenger?.toFixed(4)} after ${g.champion?.toFixed(4)}, margin ${g.margin}`,
    ),
    ...(unjudged === 0
      ? []
      : [`  guardrails ${unjudged} of ${guardrails.length} had too few windows or groups to be judged`]),
  ];
}
