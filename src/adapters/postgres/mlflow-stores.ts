import type { Kysely } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import type { MlflowStores } from '../../ports/mlflow-stores.ts';
import { createMlflowRegistry } from './mlflow-registry/mlflow-registry.ts';
import type { Database } from './schema.ts';
import { createTrackingStore } from './tracking/tracking-store.ts';

/** What the MLflow door keeps, over PostgreSQL. */
export function createMlflowStores(db: Kysely<Database>, clock: Clock): MlflowStores {
  return { tracking: createTrackingStore(db, clock), models: createMlflowRegistry(db, clock) };
}
