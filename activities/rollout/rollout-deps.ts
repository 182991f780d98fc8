import type { Client } from '@temporalio/client';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { FleetHub } from '../../src/ports/fleet-hub.ts';
import type { AuditTrail } from '../../src/ports/registry/audit-trail.ts';
import type { ModelImages } from '../../src/ports/registry/images.ts';
import type { ModelFinder } from '../../src/ports/registry/model-search.ts';
import type { ModelVersions } from '../../src/ports/registry/model-versions.ts';
import type { Aliases } from '../../src/ports/registry/aliases.ts';
import type { RolloutStore, StoredRollout } from '../../src/ports/rollout-store.ts';

/** What the activities of a rollout are built on. */
export interface FleetDeps {
  readonly hub: FleetHub;
  readonly store: RolloutStore;
  readonly registry: ModelVersions & ModelFinder & ModelImages & Aliases & AuditTrail;
  readonly clock: Clock;
  /** Signals older rollouts that a newer one took over, and shows whether they still run. */
  readonly temporal: Pick<Client, 'workflow'>;
}

/** The same, in an activity that heartbeats: what is reported is seen in the Temporal UI. */
export interface HeartbeatDeps extends FleetDeps {
  readonly report: (progress: unknown) => void;
}

/** The stored rollout; throws NOT_FOUND. */
export async function storedRollout(store: RolloutStore, rolloutId: string): Promise<StoredRollout> {
  const rollout = await store.rollout(rolloutId);
  if (rollout === undefined) throw new WindlassError('NOT_FOUND', `There is no rollout ${rolloutId}.`);
  return rollout;
}

/**
 * Most devices that are handled between two writes to the store: what a crash may have to do again.
 */
export const CHUNK = 100;
