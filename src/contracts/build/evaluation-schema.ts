import { countSchema, measuredSchema, objectOf } from '../object-schema.ts';
import type { Confusion } from './rule-results.ts';
import type { EvaluationMetrics } from './evaluation.ts';

export const confusionSchema = objectOf<Confusion>({
  tp: countSchema,
  tn: countSchema,
  fp: countSchema,
  fn: countSchema,
});

export const evaluationMetricsSchema = objectOf<EvaluationMetrics>({
  f1: measuredSchema,
  falseAlarmRate: measuredSchema,
  missedAlarmRate: measuredSchema,
  auc: measuredSchema,
  alwaysAlarmF1: measuredSchema,
  confusion: confusionSchema,
  rows: countSchema,
  groups: countSchema,
  brier: measuredSchema.optional(),
  ece: measuredSchema.optional(),
  costPerDeviceDay: measuredSchema.optional(),
}).meta({ id: 'EvaluationMetrics' });
