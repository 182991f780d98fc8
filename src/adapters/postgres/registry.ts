import type { Kysely } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import type { Registry } from '../../ports/registry.ts';
import { appendAudit, readAudit } from './audit-log.ts';
import { createDataSets } from './data-sets.ts';
import { createModelAliases } from './model-aliases.ts';
import { createModelImages } from './model-images.ts';
import { createModelLineage } from './model-lineage.ts';
import { createModelVersions } from './model-versions.ts';
import { createPipelineVersions } from './pipeline-versions.ts';
import type { Database } from './schema.ts';

/** The registry over PostgreSQL; every change and its audit event are one transaction. */
export function createRegistry(db: Kysely<Database>, clock: Clock): Registry {
  const pipelines = createPipelineVersions(db, clock);
  const models = createModelVersions(db, clock);
  const images = createModelImages(db, clock);
  return {
    ...pipelines,
    ...models,
    ...images,
    ...createDataSets(db, clock),
    ...createModelAliases(db, clock),
    ...createModelLineage(db, { model: models.model, pipeline: pipelines.pipeline, image: images.image }),
    audit: (filter) => readAudit(db, filter),
    recordAudit: async (event) => {
      await db.transaction().execute((transaction) => appendAudit(transaction, clock, event));
    },
  };
}
