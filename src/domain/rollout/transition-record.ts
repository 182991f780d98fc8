import type { Actor } from '../../contracts/audit.ts';
import type { RingVerdict, RolloutOutcome } from '../../contracts/rollout/rollout.ts';
import type { RolloutState } from '../../contracts/rollout/state.ts';
import type { RingCounts } from './ring-counts.ts';
import type { RingDecision, RingTime } from './ring-decision.ts';

/** A decision with all that it rested on, numbered within its rollout. */
export interface DecisionRecord extends RingDecision, RingTime {
  readonly seq: number;
  /** Index of the ring. */
  readonly position: number;
  readonly counts: RingCounts;
}

/** What changes in the stored ring; undefined fields stay as they are. */
export interface RingChange {
  readonly verdict?: RingVerdict;
  readonly reason?: string;
  readonly counts?: RingCounts;
  readonly approvedBy?: string;
}

/** What changes in the stored rollout besides its state, and who caused it. */
export interface StateChange extends Actor {
  readonly outcome?: RolloutOutcome;
  readonly conclusion?: string;
  readonly details?: Record<string, unknown>;
  /**
   * Name of the audit event; without one it is `rollout.<state>`, and states of mere progress leave
   * none.
   */
  readonly action?: string;
}

/** One transition of a rollout as it is written down. */
export interface TransitionRecord extends StateChange {
  readonly rolloutId: string;
  readonly state: RolloutState;
  readonly decision?: DecisionRecord;
  readonly rings: ReadonlyArray<RingChange & { readonly position: number }>;
}
