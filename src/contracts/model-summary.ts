import type { EvaluationMetrics } from './build.ts';

/** One line of a list of model versions. */
export interface ModelSummary {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly state: string;
  readonly aliases: readonly string[];
  readonly metrics: EvaluationMetrics;
  readonly createdAt: string;
}

/** The part of a model version that lists show. */
export function modelSummary(model: ModelSummary): ModelSummary {
  const { name, version, digest, state, aliases, metrics, createdAt } = model;
  return { name, version, digest, state, aliases, metrics, createdAt };
}
