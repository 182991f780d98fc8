import { z } from 'zod';
import { optimiseSchema } from '../build/optimisation.ts';
import { newNameSchema } from '../identifier-schemas.ts';
import { checksSchema } from './checks.ts';
import { dataSchema } from './data.ts';
import { environmentSchema } from './environment.ts';
import { evaluationSchema } from './evaluation.ts';
import { approvalsSchema, deploymentSchema } from './governance.ts';
import { modelLimitsSchema } from './model-limits.ts';
import { modelSchema } from './model.ts';
import { monitoringSchema } from './monitoring.ts';
import { serveSchema } from './serve.ts';
import { trainSchema } from './train.ts';

/**
 * `windlass.yaml`: everything Windlass needs to know of a training project. The window and
 * calibration parts are the shared truth of training, evaluation, the device and the monitor.
 */
export const projectSchema = z.strictObject({
  name: newNameSchema.describe('Name of the model and its pipeline: lower-case letters, digits and dashes.'),
  description: z.string().default('').describe('One sentence for people.'),
  environment: environmentSchema,
  checks: checksSchema,
  data: dataSchema,
  model: modelSchema,
  train: trainSchema,
  optimise: optimiseSchema.optional(),
  evaluation: evaluationSchema,
  gates: modelLimitsSchema,
  serve: serveSchema,
  monitoring: monitoringSchema,
  registry: approvalsSchema,
  deployment: deploymentSchema,
});

export type ProjectSpec = z.infer<typeof projectSchema>;

// The train command writes to `$WINDLASS_OUT`: model.onnx (trained on all groups), golden.json
// (GoldenFile), folds/<k>.onnx (trained without the groups of fold k) and metrics.json (a flat
// object of numbers).
