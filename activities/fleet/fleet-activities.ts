import type { ResolvedFleetRolloutInput } from '../../src/contracts/rollout.ts';
import { checkStragglers, type StragglerLook } from './check-stragglers.ts';
import type { FleetDeps } from './fleet-deps.ts';
import { noteRollout, type RolloutNote } from './note-rollout.ts';
import { observeRing, type ObserveRing, type RingObservation } from './observe-ring.ts';
import { openRing, type RingPlace } from './open-ring.ts';
import { planRollout, type PlannedRollout } from './plan-rollout.ts';
import {
  observeRevert,
  prepareRevert,
  revertDevices,
  type RevertObservation,
  type WayBack,
} from './revert-devices.ts';
import { takeOver } from './take-over.ts';

/** Activities of the `fleet` task queue: all that a rollout asks of the hub and writes down. All are idempotent. */
export function createFleetActivities(deps: FleetDeps) {
  return {
    planRollout: (input: ResolvedFleetRolloutInput): Promise<PlannedRollout> => planRollout(deps, input),
    takeOver: (rolloutId: string): Promise<{ waitingFor: string[] }> => takeOver(deps, rolloutId),
    openRing: (place: RingPlace): Promise<number> => openRing(deps, place),
    observeRing: (input: ObserveRing): Promise<RingObservation> => observeRing(deps, input),
    noteRollout: (note: RolloutNote): Promise<void> => noteRollout(deps, note),
    prepareRevert: (rolloutId: string): Promise<WayBack> => prepareRevert(deps, rolloutId),
    revertDevices: (input: Parameters<typeof revertDevices>[1]): Promise<number> =>
      revertDevices(deps, input),
    observeRevert: (input: { rolloutId: string; once: boolean }): Promise<RevertObservation> =>
      observeRevert(deps, input),
    checkStragglers: (rolloutId: string): Promise<StragglerLook> => checkStragglers(deps, rolloutId),
  };
}

export type FleetActivities = ReturnType<typeof createFleetActivities>;
