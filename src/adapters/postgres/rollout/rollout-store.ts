import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { RolloutStore } from '../../../ports/rollout-store.ts';
import { createRolloutObservations } from './rollout-observations.ts';
import { createRolloutOffers } from './rollout-offers.ts';
import { createRolloutPlans } from './rollout-plans.ts';
import type { Database } from '../schema.ts';

/** Rollouts over PostgreSQL; the number of statements never depends on the number of devices. */
export function createRolloutStore(db: Kysely<Database>, clock: Clock): RolloutStore {
  return {
    ...createRolloutPlans(db, clock),
    ...createRolloutOffers(db, clock),
    ...createRolloutObservations(db, clock),
  };
}
