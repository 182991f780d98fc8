import type { EvaluationMetrics } from '../build/evaluation.ts';
import type { ModelState } from './model-state.ts';

/** One line of a list of model versions. */
export interface ModelSummary {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly state: ModelState;
  readonly aliases: readonly string[];
  /** null for a version that nothing has measured. */
  readonly metrics: EvaluationMetrics | null;
  readonly createdAt: string;
}
