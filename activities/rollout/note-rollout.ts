import type { RingVerdict, RolloutOutcome } from '../../src/contracts/rollout/rollout.ts';
import type { RingCounts } from '../../src/domain/rollout/ring-counts.ts';
import type { RingDecision } from '../../src/domain/rollout/ring-decision.ts';
import type { RolloutState } from '../../src/domain/rollout/states.ts';
import type { Actor } from '../../src/contracts/audit.ts';
import type { FleetDeps } from './rollout-deps.ts';

/**
 * One transition of a rollout as it is written down: the decision first, then the rings, then the
 * state.
 */
export interface RolloutNote extends Actor {
  readonly rolloutId: string;
  readonly state: RolloutState;
  readonly decision?: RingDecision & {
    readonly seq: number;
    readonly position: number;
    readonly seconds: number;
    readonly last: boolean;
    readonly counts: RingCounts;
  };
  readonly rings?: ReadonlyArray<{
    readonly position: number;
    readonly verdict?: RingVerdict;
    readonly reason?: string;
    readonly counts?: RingCounts;
    readonly approvedBy?: string;
  }>;
  readonly outcome?: RolloutOutcome;
  readonly conclusion?: string;
  readonly details?: Record<string, unknown>;
  /** Name of the audit event, where the state alone does not say what happened. */
  readonly action?: string;
}

/**
 * Writes a transition of the rollout into the store, with its audit events; a second time it
 * changes nothing.
 */
export async function noteRollout({ store }: FleetDeps, note: RolloutNote): Promise<void> {
  const {
    rolloutId,
    state,
    decision,
    rings = [],
    actor,
    reason,
    outcome,
    conclusion,
    details,
    action,
  } = note;
  if (decision !== undefined) await store.recordDecision(rolloutId, decision, { actor, reason });
  for (const { position, ...ring } of rings) await store.saveRing(rolloutId, position, ring);
  await store.saveState(rolloutId, state, { actor, reason, outcome, conclusion, details, action });
}
