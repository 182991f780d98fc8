import { z } from 'zod';
import { modelNameSchema } from '../identifier-schemas.ts';
import type { ArtefactRef } from '../artefact.ts';
import type { GateResult } from '../gate.ts';
import { deploymentOptionsSchema } from '../rollout/policy.ts';
import { RETRAIN_ON } from './retrain-on.ts';

/** Input of `monitorAndRetrain`. */
export const monitorInputSchema = z.strictObject({
  model: modelNameSchema.default('pump-health'),
  /** Data for a retrain; default: what the champion's build used. */
  data: z.string().min(1).optional(),
  /** What a retrained version that passed is given to. */
  deploy: deploymentOptionsSchema.optional(),
  /** Overrides of windlass.yaml's monitoring policy. */
  retrainOn: z.enum(RETRAIN_ON).optional(),
  /** Retrain now, whatever the report says (new data has arrived, or an engineer asks). */
  force: z.boolean().default(false),
  actor: z.string().min(1).default('schedule'),
  reason: z.string().default(''),
});
export type MonitorInput = z.input<typeof monitorInputSchema>;
export type ResolvedMonitorInput = z.output<typeof monitorInputSchema>;
export const MONITOR_EXAMPLE = { model: 'pump-health' };

/** A new-data event, by signal, REST or CLI. */
export const dataEventSchema = z.strictObject({
  model: modelNameSchema,
  data: z.string().min(1).describe('file, folder or glob with the new data'),
  /** Key of the event; the same event twice counts once. */
  id: z.string().min(1).optional(),
  reason: z.string().default(''),
  actor: z.string().min(1).default('machine'),
});
export type DataEvent = z.input<typeof dataEventSchema>;
export type ResolvedDataEvent = z.output<typeof dataEventSchema>;

export interface RetrainCoordinatorInput {
  readonly model: string;
  /** Quiet time after the last event before the retrain starts, in seconds. */
  readonly debounceSeconds?: number;
  readonly pending?: readonly ResolvedDataEvent[];
  readonly seen?: readonly string[];
}

export const DECISIONS = ['none', 'investigate', 'retrain'] as const;
export type MonitorDecision = (typeof DECISIONS)[number];

export interface ColumnDrift {
  readonly column: string;
  readonly psi: number | null;
  readonly threshold: number | null;
  readonly status: 'stable' | 'drift' | 'insufficient';
  readonly n: number;
  readonly meanShift: number | null;
}

export interface MonitorReport {
  readonly model: string;
  readonly version: string;
  readonly windows: number;
  readonly devices: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly columns: readonly ColumnDrift[];
  readonly score: ColumnDrift;
  readonly gates: readonly GateResult[];
  readonly decision: MonitorDecision;
  /** The arithmetic behind the decision, one line each. */
  readonly arithmetic: readonly string[];
}

export interface MonitorResult {
  readonly workflowId: string;
  readonly runId: string;
  readonly report: MonitorReport | null;
  readonly html: ArtefactRef | null;
  readonly json: ArtefactRef | null;
  readonly decision: MonitorDecision;
  readonly retrain: {
    readonly workflowId: string;
    readonly model: string;
    readonly version: string;
    readonly verdict: string;
  } | null;
  readonly deployment: { readonly workflowId: string } | null;
}
