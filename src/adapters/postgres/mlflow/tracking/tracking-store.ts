import type { Kysely } from 'kysely';
import type { ArtefactStore } from '../../../../ports/artefact-store.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { TrackingStore } from '../../../../ports/tracking-store.ts';
import type { Database } from '../../schema.ts';
import { createExperiments } from './experiments.ts';
import { createLoggedModels } from './logged-models.ts';
import { createRuns } from './runs.ts';
import { createTrackedFiles } from './tracked-files.ts';

/** What MLflow's clients log, over PostgreSQL. */
export function createTrackingStore(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): TrackingStore {
  return {
    ...createExperiments(db, clock),
    ...createRuns(db),
    ...createLoggedModels(db, clock),
    ...createTrackedFiles(db, { clock, artefacts }),
  };
}
