import type { PlannedRollout, ResolvedFleetRolloutInput } from '../../src/contracts/rollout/rollout.ts';
import type { TransitionRecord } from '../../src/domain/rollout/transition-record.ts';
import { checkStragglers, type StragglerLook } from './check-stragglers.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import type { HeartbeatDeps, FleetDeps } from './rollout-deps.ts';
import { recordTransition } from './record-transition.ts';
import { observeRing, type ObserveRing, type RingObservation } from './observe-ring.ts';
import { openRing, type RingPlace } from './open-ring.ts';
import { planRollout } from './plan-rollout.ts';
import {
  observeRevert,
  prepareRevert,
  revertDevices,
  type RevertObservation,
  type WayBack,
} from './revert-devices.ts';
import { takeOver } from './take-over.ts';

/**
 * Activities of the `fleet` task queue: all that a rollout asks of the hub and writes down. All are
 * idempotent.
 */
export function createFleetActivities(deps: FleetDeps) {
  const heartbeating = <T>(work: (deps: HeartbeatDeps) => Promise<T>): Promise<T> =>
    withHeartbeats((report) => work({ ...deps, report }));
  return {
    planRollout: (input: ResolvedFleetRolloutInput): Promise<PlannedRollout> =>
      heartbeating((d) => planRollout(d, input)),
    takeOver: (rolloutId: string): Promise<{ waitingFor: string[] }> =>
      heartbeating((d) => takeOver(d, rolloutId)),
    openRing: (place: RingPlace): Promise<number> => heartbeating((d) => openRing(d, place)),
    observeRing: (input: ObserveRing): Promise<RingObservation> => heartbeating((d) => observeRing(d, input)),
    recordTransition: (record: TransitionRecord): Promise<void> => recordTransition(deps, record),
    prepareRevert: (rolloutId: string): Promise<WayBack> => heartbeating((d) => prepareRevert(d, rolloutId)),
    revertDevices: (input: Parameters<typeof revertDevices>[1]): Promise<number> =>
      heartbeating((d) => revertDevices(d, input)),
    observeRevert: (input: { rolloutId: string; once: boolean }): Promise<RevertObservation> =>
      heartbeating((d) => observeRevert(d, input)),
    checkStragglers: (rolloutId: string): Promise<StragglerLook> =>
      heartbeating((d) => checkStragglers(d, rolloutId)),
  };
}

export type FleetActivities = ReturnType<typeof createFleetActivities>;
