import { z } from 'zod';
import { artefactRefSchema } from '../artefact.ts';
import { comparisonSchema } from '../build/comparison-schema.ts';
import { evaluationMetricsSchema } from '../build/evaluation-schema.ts';
import { type OptimisationRecord, VARIANTS } from '../build/optimisation.ts';
import type { SearchRecord } from '../build/search.ts';
import { runIdentitySchema } from '../build/source-schema.ts';
import { dataRefSchema } from '../data/data-set-schema.ts';
import { gateResultSchema } from '../gate.ts';
import { countSchema, objectOf, timeSchema } from '../object-schema.ts';
import { packagedImageSchema } from '../packaging/image-schema.ts';
import type { PackagedImage } from '../packaging/image.ts';
import { MODEL_STATES } from './model-state.ts';
import type { ModelSummary } from './model-summary.ts';
import type { ModelRecord } from './model-version.ts';

const searchRecordSchema = objectOf<SearchRecord>({
  report: artefactRefSchema.optional(),
  folds: z.array(countSchema),
  data: dataRefSchema,
});

const optimisationRecordSchema = objectOf<OptimisationRecord>({
  kept: z.enum(VARIANTS),
  from: z.string(),
  report: artefactRefSchema,
  parityTolerance: z.number().optional(),
});

const modelSummaryShape = {
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  state: z.enum(MODEL_STATES),
  aliases: z.array(z.string()),
  metrics: evaluationMetricsSchema.nullable(),
  createdAt: timeSchema,
} as const;

export const modelSummarySchema = objectOf<ModelSummary>(modelSummaryShape).meta({ id: 'ModelSummary' });

/** A version as it was registered, and its image once it was packaged. */
export const modelVersionSchema = objectOf<ModelRecord & { readonly image: PackagedImage | null }>({
  ...modelSummaryShape,
  onnx: artefactRefSchema,
  golden: artefactRefSchema.nullable(),
  baseline: artefactRefSchema.nullable(),
  folds: z.record(z.string(), artefactRefSchema),
  card: artefactRefSchema.nullable(),
  log: artefactRefSchema.nullable(),
  pipeline: z.object({ name: z.string(), version: z.string() }).nullable(),
  data: dataRefSchema.nullable(),
  params: z.record(z.string(), z.unknown()),
  seed: z.number(),
  search: searchRecordSchema.optional(),
  optimisation: optimisationRecordSchema.optional(),
  gates: z.array(gateResultSchema),
  comparison: comparisonSchema,
  run: runIdentitySchema,
  origin: z.literal('imported').optional(),
  importedFile: z.string().optional(),
  missing: z.array(z.string()).optional(),
  createdBy: z.string(),
  image: packagedImageSchema.nullable(),
}).meta({ id: 'ModelVersion' });
