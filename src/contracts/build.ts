import { z } from 'zod';
import { digestSchema } from './artefact.ts';
import type { ArtefactRef } from './artefact.ts';
import { BUILD_STEPS, type BuildStep } from './build-steps.ts';
import type { ComparisonDiagnostics, GuardrailResult, RuleResult } from './comparison.ts';
import type { GateResult } from './gate.ts';
import { optimiseSchema, type OptimisationResult } from './optimisation.ts';
import type { StepReport } from './progress.ts';
import type { DeploymentPolicy } from './deploy.ts';
import { deploymentOptionsSchema } from './deploy.ts';
import { paramsSchema, searchSchema, type SearchResult } from './search.ts';

export { BUILD_STEPS, type BuildStep };

/**
 * Input of `buildAndTrain`. Either `project` (a folder in a git repository, or a git URL with `#subfolder`) at `ref`, or
 * `pipeline` (a published `name@version`), which retraining uses.
 */
export const buildInputSchema = z.strictObject({
  project: z
    .string()
    .min(1)
    .default('examples/pump-health')
    .describe('folder with windlass.yaml inside a git repository, or a git URL'),
  ref: z.string().min(1).default('HEAD').describe('branch, tag or commit'),
  pipeline: z
    .string()
    .regex(/^[a-z][a-z0-9-]*@[0-9]+$/, 'expected name@version, e.g. "pump-health@3"')
    .optional(),
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
  /** Folds that parameters were chosen by before: their groups train, and are not evaluated. A search chooses by these. */
  validationFolds: z.array(z.number().int().nonnegative()).min(1).optional(),
  seed: z.number().int().nonnegative().optional(),
  allowDirty: z.boolean().default(false),
  /** Steps whose cached results are not used; `["*"]` means none is. */
  noCache: z.array(z.enum([...BUILD_STEPS, '*'])).default([]),
  /** Run again from this step on, whatever the cache holds. */
  from: z.enum(BUILD_STEPS).optional(),
  against: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]*(@([0-9]+|[a-z][a-z0-9-]*))?$/,
      'expected name, name@version or name@alias, e.g. "pump-anomaly@champion"',
    )
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

export interface SourceRef {
  readonly repository: string;
  readonly subfolder: string;
  readonly commit: string;
  readonly ref: string;
  readonly dirty: boolean;
  /** Deterministic tar of the project folder without what git ignores. */
  readonly bundle: ArtefactRef;
}

export interface DataRef {
  readonly digest: string;
  readonly source: string;
  readonly files: number;
  readonly rows: number;
  /** Columns of its files, first and last time (ISO 8601), and how many devices (groups, where none are declared) it is of. */
  readonly columns?: readonly string[];
  readonly from?: string | null;
  readonly to?: string | null;
  readonly devices?: number;
  /** The snapshot's manifest (DataManifest) as artefact. */
  readonly manifest: ArtefactRef;
}

/** tp, tn, fp, fn are counts of scored windows. */
export interface Confusion {
  readonly tp: number;
  readonly tn: number;
  readonly fp: number;
  readonly fn: number;
}

export interface EvaluationMetrics {
  readonly f1: number;
  /** FP / (FP + TN) */
  readonly falseAlarmRate: number;
  /** FN / (FN + TP) */
  readonly missedAlarmRate: number;
  readonly auc: number;
  /** F1 of the rule that always raises the alarm: 2p / (1 + p) with prevalence p. */
  readonly alwaysAlarmF1: number;
  readonly confusion: Confusion;
  readonly rows: number;
  readonly groups: number;
  /** Brier score and expected calibration error (15 bins of equal mass); absent when scores are no probabilities. */
  readonly brier?: number;
  readonly ece?: number;
  /** By the costs of windlass.yaml, else the number of wrong decisions; absent when the sampling interval is unknown. */
  readonly costPerDeviceDay?: number;
}

export const VERDICTS = [
  'SUPERIOR',
  'NON_INFERIOR',
  'INFERIOR',
  'INCONCLUSIVE',
  'INVALID',
  'NO_BASELINE',
] as const;
export type ComparisonVerdict = (typeof VERDICTS)[number];

/** Challenger against champion on the same rows; difference = challenger − champion of the primary metric. */
export interface Comparison {
  readonly verdict: ComparisonVerdict;
  readonly metric: 'f1';
  readonly champion: { readonly version: string; readonly value: number } | null;
  readonly challenger: { readonly value: number };
  readonly difference: number | null;
  /** 95 % interval of the difference from a paired cluster bootstrap by group. */
  readonly interval: readonly [number, number] | null;
  readonly margin: number;
  readonly rows: number;
  readonly groups: number;
  readonly replicates: number;
  readonly reason: string;
  /** Verdict of the primary metric alone; a breached guardrail makes the verdict INFERIOR all the same. */
  readonly primaryVerdict?: ComparisonVerdict;
  readonly guardrails?: readonly GuardrailResult[];
  readonly diagnostics?: ComparisonDiagnostics;
  /** Champion and challenger next to always, never and z-score alarms on the same windows. */
  readonly rules?: readonly RuleResult[];
}

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

export const modelReferenceSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]*@([0-9]+|[a-z][a-z0-9-]*)$/,
    'expected name@version or name@alias, e.g. "pump-health@3" or "pump-health@champion"',
  );
export { digestSchema };
