import { z } from 'zod';
import { modelReferenceSchema } from '../identifier-schemas.ts';
import { rolloutPolicySchema } from './policy.ts';
import type { RolloutState } from './state.ts';

/**
 * Input of `fleetRollout`: a version whose image is recorded, to the devices that meet a condition,
 * ring by ring.
 */
export const fleetRolloutInputSchema = z.strictObject({
  model: modelReferenceSchema.default('pump-health@challenger'),
  /** Twin-tag condition in the hub's query language; default: all edge devices. */
  devices: z.string().default(''),
  rollout: rolloutPolicySchema,
  actor: z.string().min(1).default('engineer'),
  reason: z.string().default(''),
});
export type FleetRolloutInput = z.input<typeof fleetRolloutInputSchema>;
export type ResolvedFleetRolloutInput = z.output<typeof fleetRolloutInputSchema>;
export const FLEET_ROLLOUT_EXAMPLE = { model: 'pump-health@3', actor: 'ada', reason: 'drift at site north' };

/** What the workflow keeps of a plan: names and counts, never devices. */
export interface PlannedRollout {
  readonly rolloutId: string;
  readonly model: string;
  readonly version: string;
  readonly modelDigest: string;
  readonly imageDigest: string;
  readonly devices: number;
  readonly rings: ReadonlyArray<{ readonly name: string; readonly devices: number }>;
  readonly previous: { readonly version: string; readonly configurationId: string } | null;
  readonly startedAt: string;
  readonly warnings: readonly string[];
}

/** Answer of the query `rolloutStatus`: where a rollout stands. */
export interface RolloutStatus {
  readonly rolloutId: string;
  readonly model: string;
  readonly version: string;
  readonly state: RolloutState;
  readonly outcome: RolloutOutcome | null;
  readonly previous: { readonly version: string; readonly configurationId: string } | null;
  readonly rings: readonly RingReport[];
  readonly pendingDevices: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly reason: string;
}

export const RING_VERDICTS = [
  'pending',
  'running',
  'promoted',
  'held',
  'failed',
  'reverted',
  'skipped',
] as const;

export type RingVerdict = (typeof RING_VERDICTS)[number];

/**
 * Device counts of one ring. reachable = could have reported since the offer; attested ⊆ running ⊆
 * reachable.
 */
export interface RingReport {
  readonly name: string;
  readonly devices: number;
  readonly reachable: number;
  readonly running: number;
  readonly attested: number;
  /** Offered but not reachable since: they get the current target when they return. */
  readonly pending: number;
  readonly failed: number;
  readonly verdict: RingVerdict;
  readonly reason: string;
  readonly openedAt?: string;
  readonly decidedAt?: string;
}

export const ROLLOUT_OUTCOMES = ['completed', 'stopped', 'reverted', 'superseded', 'aborted'] as const;

export type RolloutOutcome = (typeof ROLLOUT_OUTCOMES)[number];

/** How a rollout ended: the result of `fleetRollout`. */
export interface RolloutResult extends Pick<
  RolloutStatus,
  'rolloutId' | 'model' | 'version' | 'previous' | 'rings' | 'pendingDevices' | 'reason'
> {
  readonly outcome: RolloutOutcome;
}
