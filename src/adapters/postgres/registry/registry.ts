import type { Kysely } from 'kysely';
import type { ArtefactStore } from '../../../ports/artefact-store.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Registry } from '../../../ports/registry/registry.ts';
import { createAuditTrail } from './audit-trail.ts';
import { createDataSets } from './data-sets.ts';
import { createDeviceCalibrations } from './device-calibrations.ts';
import { createModelAliases } from './model-aliases.ts';
import { createModelFinder } from './model-finder.ts';
import { createModelImages } from './model-images.ts';
import { createModelLineage } from './model-lineage.ts';
import { createModelStates } from './model-states.ts';
import { createModelVersions } from './model-versions.ts';
import { createPipelineVersions } from './pipeline-versions.ts';
import type { Database } from '../schema.ts';

/**
 * The registry over PostgreSQL; every change and its audit event are one transaction. With the
 * artefact store given, a version whose bytes are not there is refused.
 */
export function createRegistry(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): Registry {
  const pipelines = createPipelineVersions(db, clock);
  const models = createModelVersions(db, clock, artefacts);
  const images = createModelImages(db, clock);
  return {
    ...pipelines,
    ...models,
    ...images,
    ...createDataSets(db, clock),
    ...createDeviceCalibrations(db, clock),
    ...createModelAliases(db, clock),
    ...createModelStates(db, clock, models),
    ...createModelFinder(db, clock),
    ...createModelLineage(db, { models, pipelines, images }),
    ...createAuditTrail(db, clock),
  };
}
