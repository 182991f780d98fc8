import type {
  PlannedRollout,
  ResolvedFleetRolloutInput,
  RolloutResult,
  RolloutStatus,
} from '../../contracts/rollout/rollout.ts';
import type { RolloutState } from '../../contracts/rollout/state.ts';
import { noCounts } from './ring-counts.ts';
import { isLastRing, type RingTime } from './ring-decision.ts';
import { ringReport, type RolloutRing } from './rollout-ring.ts';
import { ROLLOUT_OUTCOME } from './states.ts';

/**
 * All that a rollout carries from run to run of its workflow: it grows with the rings, never with
 * the devices.
 */
export interface RolloutMemory {
  readonly input: ResolvedFleetRolloutInput;
  readonly plan: PlannedRollout;
  readonly state: RolloutState;
  /** Index of the current ring. */
  readonly ring: number;
  readonly rings: readonly RolloutRing[];
  /** Approver by ring name. */
  readonly approved: Readonly<Record<string, string>>;
  /** Whether the rollouts that this one took over from have ended. */
  readonly tookOver: boolean;
  /** Milliseconds for which the current ring was observed before the last pause. */
  readonly spentMs: number;
  /** Since when the current ring is observed (milliseconds since 1970), or null. */
  readonly since: number | null;
  /** Decisions taken so far: the next one's number. */
  readonly decisions: number;
  /** Looks since the ring was held. */
  readonly looks: number;
  /** Why the rollout is where it is. */
  readonly reason: string;
  readonly finishedAt: string | null;
  /** Previous targets without a configuration: devices that had them keep what they run. */
  readonly unrestorable: readonly string[];
  /** Since when devices go back (milliseconds since 1970), or null. */
  readonly revertSince: number | null;
  /** Devices that have not gone back yet. */
  readonly revertPending: number;
}

/** The memory of a rollout that has just been planned. */
export function newMemory(input: ResolvedFleetRolloutInput, plan: PlannedRollout): RolloutMemory {
  return {
    input,
    plan,
    state: 'planned',
    ring: 0,
    rings: plan.rings.map(({ name, devices }) => ({
      name,
      counts: noCounts(devices),
      verdict: 'pending',
      reason: '',
    })),
    approved: {},
    tookOver: false,
    spentMs: 0,
    since: null,
    decisions: 0,
    looks: 0,
    reason: plan.warnings.join(' '),
    finishedAt: null,
    unrestorable: [],
    revertSince: null,
    revertPending: 0,
  };
}

/** The current ring; undefined after the last. */
export function currentRing(memory: RolloutMemory): RolloutRing | undefined {
  return memory.rings[memory.ring];
}

/** The memory with another current ring. */
export function withCurrentRing(memory: RolloutMemory, change: Partial<RolloutRing>): RolloutMemory {
  const rings = memory.rings.map((ring, i) => (i === memory.ring ? { ...ring, ...change } : ring));
  return { ...memory, rings };
}

/** What a decision on the current ring needs to know of time; `now` in milliseconds since 1970. */
export function ringTime(memory: RolloutMemory, now: number): RingTime {
  const { spentMs, since, rings, ring } = memory;
  const seconds = (spentMs + (since === null ? 0 : now - since)) / 1000;
  return { seconds, last: isLastRing(rings, ring) };
}

const opened = ({ rings }: RolloutMemory): RolloutRing[] =>
  rings.filter((ring) => ring.openedAt !== undefined);

/**
 * Devices to follow up: offered the version but not in contact since, left early, or not yet
 * reverted.
 */
export function pendingDevices(memory: RolloutMemory): number {
  if (memory.state === 'reverted') return memory.revertPending;
  return opened(memory).reduce((sum, { counts }) => sum + counts.pending + counts.lost, 0);
}

/**
 * Offered devices that are not good: away, not waited for, or failed where their ring tolerated it.
 */
export function leftDevices(memory: RolloutMemory): number {
  return opened(memory).reduce((sum, { counts }) => sum + counts.devices - counts.good, 0);
}

/** The rollout as the query `rolloutStatus` shows it. */
export function rolloutStatus(memory: RolloutMemory): RolloutStatus {
  const { plan, state, rings, reason, finishedAt } = memory;
  const { rolloutId, model, version, previous, startedAt } = plan;
  return {
    rolloutId,
    model,
    version,
    state,
    outcome: ROLLOUT_OUTCOME[state] ?? null,
    previous,
    rings: rings.map(ringReport),
    startedAt,
    finishedAt,
    reason,
    pendingDevices: pendingDevices(memory),
  };
}

/** The result of a rollout that has ended. */
export function rolloutResult(memory: RolloutMemory): RolloutResult {
  const status = rolloutStatus(memory);
  const { rolloutId, outcome, model, version, previous, rings, reason } = status;
  return {
    rolloutId,
    outcome: outcome ?? 'aborted',
    model,
    version,
    previous,
    rings,
    reason,
    pendingDevices: status.pendingDevices,
  };
}
