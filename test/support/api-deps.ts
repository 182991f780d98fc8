import type { Kysely } from 'kysely';
import pino from 'pino';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createAccess } from '../../src/adapters/postgres/access/access.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createHookDeliveries } from '../../src/adapters/postgres/hooks/hook-deliveries.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createMonitorStore } from '../../src/adapters/postgres/monitoring/monitor-store.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createTestDatabase } from './postgres.ts';

export interface ApiFixture {
  readonly db: Kysely<Database>;
  /** Everything that the API needs but Temporal: for requests that do not get so far. */
  readonly deps: ApiDeps;
  close(): Promise<void>;
}

/** What the API stands on, over a database of its own and an artefact folder. */
export async function openApiFixture(artefacts: string): Promise<ApiFixture> {
  const database = await createTestDatabase();
  const db = openDatabase(database.url);
  return {
    db,
    deps: {
      registry: createRegistry(db, systemClock),
      access: createAccess(db, systemClock),
      artefacts: createFileArtefactStore(artefacts),
      rollouts: createRolloutStore(db, systemClock),
      reports: createMonitorStore(db),
      mlflow: createMlflowStores(db, systemClock),
      temporal: {} as ApiDeps['temporal'],
      starter: {} as ApiDeps['starter'],
      hooks: {
        settings: { debounceSeconds: 2 },
        triggers: [],
        deliveries: createHookDeliveries(db, systemClock),
        clock: systemClock,
      },
      probes: {},
      logger: pino({ level: 'silent' }),
    },
    close: async () => {
      await db.destroy();
      await database.drop();
    },
  };
}
