import type { Kysely } from 'kysely';
import type { ArtefactStore } from '../../../ports/artefact-store.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { MlflowStores } from '../../../ports/mlflow-stores.ts';
import { createMlflowRegistry } from './registry/mlflow-registry.ts';
import type { Database } from '../schema.ts';
import { createTrackingStore } from './tracking/tracking-store.ts';

/**
 * What the MLflow door keeps, over PostgreSQL. With the artefact store given, what names bytes that
 * are gone is refused.
 */
export function createMlflowStores(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): MlflowStores {
  return {
    tracking: createTrackingStore(db, clock, artefacts),
    models: createMlflowRegistry(db, clock, artefacts),
  };
}
