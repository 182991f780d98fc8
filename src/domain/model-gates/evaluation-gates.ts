import type { EvaluationMetrics } from '../../contracts/build/evaluation.ts';
import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import { percent } from '../../base/percent.ts';
import { gate } from '../gates/build.ts';

/** Fewest scored windows of each class that a metric may rest on. */
const MIN_PER_CLASS = 30;

const round = (value: number): number => Number(value.toFixed(4));

/**
 * Gates on the metrics of held-out groups: enough of both classes, what windlass.yaml demands, and
 * better than always alarming.
 */
export function evaluationGates(m: EvaluationMetrics, spec: Pick<ProjectSpec, 'evaluation'>): GateResult[] {
  const { minF1, maxFalseAlarmRate, maxMissedAlarmRate } = spec.evaluation.gates;
  const positives = m.confusion.tp + m.confusion.fn;
  const negatives = m.confusion.tn + m.confusion.fp;
  const fewest = Math.min(positives, negatives);
  const gates: GateResult[] = [
    gate('evaluation-support', fewest >= MIN_PER_CLASS ? 'pass' : 'insufficient', {
      observed: fewest,
      threshold: MIN_PER_CLASS,
      n: m.rows,
      reason: `${positives} anomalous and ${negatives} normal windows of ${m.groups} held-out groups were scored`,
    }),
    gate('better-than-always-alarm', m.f1 > m.alwaysAlarmF1, {
      observed: round(m.f1),
      threshold: round(m.alwaysAlarmF1),
      n: m.rows,
      reason: `F1 ${round(m.f1)}; always raising the alarm gives ${round(m.alwaysAlarmF1)}`,
    }),
  ];
  const limit = (name: string, observed: number, bound: { min?: number; max?: number }): void => {
    const { min, max } = bound;
    if (min === undefined && max === undefined) return;
    const ok = min === undefined ? observed <= (max ?? 0) : observed >= min;
    gates.push(
      gate(name, ok, {
        observed: round(observed),
        threshold: min ?? max ?? null,
        n: m.rows,
        reason: `${percent(observed)}, ${min === undefined ? `at most ${percent(max ?? 0)}` : `at least ${percent(min)}`} demanded`,
      }),
    );
  };
  limit('f1', m.f1, { min: minF1 });
  limit('false-alarm-rate', m.falseAlarmRate, { max: maxFalseAlarmRate });
  limit('missed-alarm-rate', m.missedAlarmRate, { max: maxMissedAlarmRate });
  return gates;
}
