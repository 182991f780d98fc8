import { createDeliveryActivities } from '../activities/calibration/delivery-activities.ts';
import { createFleetActivities } from '../activities/rollout/rollout-activities.ts';
import { createFleetHub } from '../src/adapters/iot-hub/fleet-hub.ts';
import { createRolloutStore } from '../src/adapters/postgres/rollout/rollout-store.ts';
import type { QueueSetup, WorkerContext } from './context.ts';
import { hubConfig } from './hub.ts';

/** The `fleet` queue: everything that a rollout asks of the hub and of its devices. */
export function createFleetQueue(context: WorkerContext): QueueSetup {
  const { config, db, registry, artefacts, clock, temporal } = context;
  const hub = createFleetHub(hubConfig(config));
  const store = createRolloutStore(db, clock);
  return {
    activities: {
      ...createFleetActivities({ hub, store, registry, clock, temporal }),
      ...createDeliveryActivities({ hub, artefacts }),
    },
    close: () => {
      hub.close();
      return Promise.resolve();
    },
  };
}
