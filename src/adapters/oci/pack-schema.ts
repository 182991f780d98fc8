import { z } from 'zod';
import { artefactRefSchema, digestSchema } from '../../contracts/artefact.ts';
import { VERDICTS } from '../../contracts/build/comparison.ts';
import { gateResultSchema } from '../../contracts/gate.ts';
import { VARIANTS } from '../../contracts/build/optimisation.ts';
import { projectSchema } from '../../contracts/project/project.ts';
import { QUALITY_TOLERANCE } from '../../domain/model-gates/golden-gates.ts';
import { MODEL_PACK } from './model-pack.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes');
const count = z.number().int().nonnegative();
/** JSON has no NaN: it is written as null. */
const measured = z.number().nullable();

const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: count,
  annotations: z.record(z.string(), z.string()).default({}),
});

export const packManifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  artifactType: z.literal(MODEL_PACK.artifactType, 'expected the artifact type of a ModelPack'),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).min(1),
});
export type ReadManifest = z.output<typeof packManifestSchema>;

export const packConfigSchema = z.looseObject({
  descriptor: z.looseObject({ name: z.string(), sourceURL: z.string(), revision: z.string() }),
  modelfs: z.looseObject({ diff_ids: z.array(digestSchema) }),
});
export type ReadConfig = z.output<typeof packConfigSchema>;

const refSchema = artefactRefSchema;
const metricsSchema = z.looseObject({
  f1: measured,
  falseAlarmRate: measured,
  missedAlarmRate: measured,
  auc: measured,
  alwaysAlarmF1: measured,
  confusion: z.strictObject({ tp: count, tn: count, fp: count, fn: count }),
  rows: count,
  groups: count,
});
const comparisonSchema = z.looseObject({
  verdict: z.enum(VERDICTS),
  metric: z.literal('f1'),
  champion: z.looseObject({ version: z.string(), value: measured }).nullable(),
  challenger: z.looseObject({ value: measured }),
  difference: measured,
  interval: z.tuple([measured, measured]).nullable(),
  margin: z.number(),
  rows: count,
  groups: count,
  replicates: count,
  reason: z.string(),
});
const dataSchema = z.looseObject({
  digest: digestSchema,
  source: z.string(),
  files: count,
  rows: count,
  manifest: refSchema,
});

const optimisationSchema = z.looseObject({
  kept: z.enum(VARIANTS),
  from: digestSchema,
  report: refSchema,
  parityTolerance: z.number().positive().max(QUALITY_TOLERANCE).optional(),
});

/** `windlass.json` of a pack: what is known is checked, and what a later version adds is kept. */
export const packRecordSchema = z.looseObject({
  schema: z.literal('windlass.pack/1'),
  registration: z.looseObject({
    name,
    digest: digestSchema,
    onnx: refSchema,
    golden: refSchema,
    baseline: refSchema,
    folds: z.record(z.string().regex(/^\d{1,4}$/, 'expected the number of a fold'), refSchema),
    card: refSchema.nullable(),
    log: refSchema.nullable(),
    pipeline: z.looseObject({ name, version: z.string() }),
    data: dataSchema,
    params: z.record(z.string(), z.unknown()),
    seed: count,
    metrics: metricsSchema,
    gates: z.array(gateResultSchema).min(1, 'expected the gates that the version passed'),
    comparison: comparisonSchema,
    run: z.looseObject({ workflowId: z.string(), runId: z.string() }),
    origin: z.literal('imported').optional(),
    optimisation: optimisationSchema.optional(),
  }),
  pipeline: z.looseObject({
    name,
    digest: digestSchema,
    source: z.looseObject({
      repository: z.string(),
      subfolder: z.string(),
      commit: z.string(),
      ref: z.string(),
      dirty: z.boolean(),
      bundle: refSchema,
    }),
    environment: z.string(),
    spec: projectSchema,
    checks: z.array(gateResultSchema),
  }),
});
