import type { EvaluationReport } from '../../contracts/build/evaluation.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { GroupScores } from '../../contracts/build/scores.ts';
import { UNIT_COSTS } from './cost.ts';
import { confusion } from './metrics.ts';
import { reliability } from './reliability.ts';
import { referenceRules, ruleResult } from './rules.ts';
import { sliceResults } from './slice-results.ts';

/**
 * The model next to rules that need none, calibration and slices; the cost per device-day is
 * undefined when it is unknown.
 */
export function evaluationReport(
  groups: readonly GroupScores[],
  { spec, seed }: { readonly spec: Pick<ProjectSpec, 'model' | 'evaluation'>; readonly seed: number },
): EvaluationReport & { readonly costPerDeviceDay: number | undefined } {
  const { threshold, window } = spec.model;
  const { slices, costs } = spec.evaluation;
  const cost = { costs: costs ?? UNIT_COSTS, windowRows: window };
  const counts = groups.map((g) => ({
    counts: confusion(g.scores, g.labels, threshold),
    secondsPerRow: g.secondsPerRow,
  }));
  const model = ruleResult('model', counts, cost);
  return {
    schema: 'windlass.evaluation/1',
    rules: [model, ...referenceRules(groups, cost)],
    costs: { ...cost.costs, declared: costs !== undefined },
    reliability: reliability(
      groups.flatMap((g) => g.scores),
      groups.flatMap((g) => g.labels),
    ),
    slices: sliceResults(groups, slices, { threshold, seed }),
    costPerDeviceDay: model.costPerDeviceDay ?? undefined,
  };
}
