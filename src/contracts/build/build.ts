import { z } from 'zod';
import { pipelineReferenceSchema } from '../identifier-schemas.ts';
import { IDENTIFIERS } from '../identifiers.ts';
import { BUILD_STEPS } from './build-steps.ts';
import type { GateResult } from '../gate.ts';
import { optimiseSchema, type OptimisationResult } from './optimisation.ts';
import type { StepReport } from '../progress.ts';
import type { DeploymentPolicy } from '../rollout/policy.ts';
import { deploymentOptionsSchema } from '../rollout/policy.ts';
import { paramsSchema, searchSchema, type SearchResult } from './search.ts';
import type { EvaluationMetrics } from './evaluation.ts';
import type { Comparison } from './comparison.ts';

/**
 * Input of `buildAndTrain`. Either `project` (a folder in a git repository, or a git URL with
 * `#subfolder`) at `ref`, or `pipeline` (a published `name@version`), which retraining uses.
 */
export const buildInputSchema = z.strictObject({
  project: z
    .string()
    .min(1)
    .default('examples/pump-health')
    .describe('folder with windlass.yaml inside a git repository, or a git URL'),
  ref: z.string().min(1).default('HEAD').describe('branch, tag or commit'),
  pipeline: pipelineReferenceSchema.optional(),
  data: z
    .string()
    .min(1)
    .optional()
    .describe(
      'file, folder or glob with CSV or Parquet files, az://ACCOUNT/CONTAINER/PREFIX, or sql:QUERY.sql#FOLDER; default: what the last run of this pipeline used',
    ),
  /** Override train.params of windlass.yaml; values may be searched. */
  params: paramsSchema.default({}),
  /** Overrides train.search of windlass.yaml, field by field. */
  search: searchSchema.optional(),
  /** Overrides optimise of windlass.yaml, field by field. */
  optimise: optimiseSchema.optional(),
  /**
   * Folds that parameters were chosen by before: their groups train, and are not evaluated. A
   * search chooses by these.
   */
  validationFolds: z.array(z.number().int().nonnegative()).min(1).optional(),
  seed: z.number().int().nonnegative().optional(),
  allowDirty: z.boolean().default(false),
  /** Steps whose cached results are not used; `["*"]` means none is. */
  noCache: z.array(z.enum([...BUILD_STEPS, '*'])).default([]),
  /** Run again from this step on, whatever the cache holds. */
  from: z.enum(BUILD_STEPS).optional(),
  against: z
    .string()
    .regex(IDENTIFIERS.modelOrName, 'expected name, name@version or name@alias, e.g. "pump-anomaly@champion"')
    .optional()
    .describe("version to compare with, also of another model; default: the model's own champion"),
  deploy: deploymentOptionsSchema.optional(),
  /** Who asked, for the audit trail. */
  actor: z.string().min(1).default('engineer'),
  reason: z.string().default(''),
});
export type BuildInput = z.input<typeof buildInputSchema>;
export type ResolvedBuildInput = z.output<typeof buildInputSchema>;
export const BUILD_EXAMPLE = { project: 'examples/pump-health', ref: 'HEAD', data: 'data/pumps' };

export interface BuildResult {
  readonly workflowId: string;
  readonly runId: string;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly digest: string;
    readonly aliases: readonly string[];
  };
  readonly pipeline: { readonly name: string; readonly version: string };
  readonly data: { readonly digest: string; readonly files: number; readonly rows: number };
  readonly source: { readonly repository: string; readonly commit: string; readonly dirty: boolean };
  readonly gates: readonly GateResult[];
  readonly metrics: EvaluationMetrics;
  readonly comparison: Comparison;
  /** The search that the parameters came from, with every trial. */
  readonly search?: SearchResult;
  /** The forms of the model that were tried, and which was kept. */
  readonly optimisation?: OptimisationResult;
  readonly steps: readonly StepReport[];
  readonly seconds: number;
  /** The deployment that was started for this version, if the policy asked for one. */
  readonly deployment?: { readonly workflowId: string; readonly policy: DeploymentPolicy };
}
