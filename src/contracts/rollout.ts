import { z } from 'zod';
import { modelReferenceSchema } from './build.ts';
import { rolloutPolicySchema, type RingReport, type RolloutOutcome } from './deploy.ts';

/** Input of `fleetRollout`: a version whose image is recorded, to the devices that meet a condition, ring by ring. */
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

/** Answer of the query `rolloutStatus` and of the store: where a rollout stands. */
export interface RolloutStatus {
  readonly rolloutId: string;
  readonly model: string;
  readonly version: string;
  readonly state: string;
  readonly outcome: RolloutOutcome | null;
  readonly previous: { readonly version: string; readonly configurationId: string } | null;
  readonly rings: readonly RingReport[];
  readonly pendingDevices: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly reason: string;
}

/** Argument of the updates `pause` and `resume`. */
export interface SteerRollout {
  readonly actor: string;
  readonly reason: string;
}

/** Argument of the signal `supersede`, which a newer rollout sends to the one it takes over from. */
export interface SupersedeRollout {
  readonly by: string;
}

export interface StragglerWatchInput {
  readonly rolloutId: string;
  /** deploy: devices that have not taken the version yet; revert: devices that have not gone back yet. */
  readonly mode: 'deploy' | 'revert';
  readonly model: string;
  readonly version: string;
  /** Seconds of the first wait; it doubles with every look that finds nothing, up to `longestSeconds`. */
  readonly firstSeconds?: number;
  readonly longestSeconds?: number;
  readonly looks?: number;
}

export interface StragglerWatchResult {
  readonly rolloutId: string;
  readonly looks: number;
  readonly left: number;
  readonly good: number;
  readonly failed: number;
}
