import type { Kysely } from 'kysely';
import type { ArtefactStore } from '../../../../ports/artefact-store.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { MlflowRegistry } from '../../../../ports/mlflow-registry.ts';
import type { Database } from '../../schema.ts';
import { createDoorModels } from './door-models.ts';
import { createDoorVersions } from './door-versions.ts';

/** The registry in the shape of MLflow's protocol, over the same tables. */
export function createMlflowRegistry(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): MlflowRegistry {
  return { ...createDoorModels(db, clock), ...createDoorVersions(db, clock, artefacts) };
}
