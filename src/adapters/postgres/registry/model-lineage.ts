import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Lineage } from '../../../contracts/model/lineage.ts';
import type { PipelineVersion } from '../../../contracts/build/pipeline-version.ts';
import type { ModelImages } from '../../../ports/registry/images.ts';
import type { LineageReader } from '../../../ports/registry/lineage.ts';
import type { ModelVersions } from '../../../ports/registry/model-versions.ts';
import type { PipelineRegistry } from '../../../ports/registry/pipelines.ts';
import { readAudit } from './audit-log.ts';
import type { Database } from '../schema.ts';

interface Parts {
  readonly models: ModelVersions;
  readonly pipelines: PipelineRegistry;
  readonly images: ModelImages;
}

/** From a model version back to commit and data, and forward to rollouts and devices. */
export function createModelLineage(
  db: Kysely<Database>,
  { models, pipelines, images }: Parts,
): LineageReader {
  return {
    lineage: async (name, versionOrAlias) => {
      const model = await models.record(name, versionOrAlias);
      if (model === undefined)
        throw new WindlassError('NOT_FOUND', `There is no model version ${name}@${versionOrAlias}.`);
      const { version, digest, run, pipeline, origin, importedFile, missing } = model;
      const published = pipeline && (await pipelines.pipeline(pipeline.name, pipeline.version));
      if (pipeline !== null && !published)
        throw new WindlassError('INTERNAL', `The pipeline ${pipeline.name}@${pipeline.version} is gone.`);
      const data = await db
        .selectFrom('data_files')
        .select(['path', 'sha256'])
        .where('data_digest', '=', model.data?.digest ?? '')
        .orderBy('path')
        .execute();
      return {
        model: { name, version, digest },
        run,
        pipeline,
        data,
        origin,
        importedFile,
        missing,
        ...madeBy(origin === undefined ? (published ?? undefined) : undefined),
        dataDigest: model.data?.digest ?? null,
        image: (await images.image(name, version)) ?? null,
        deployments: await deployments(db, name, version),
        devices: await devices(db, name, version),
        audit: await readAudit(db, { subject: `model/${name}@${version}` }),
      };
    },

    deviceHistory: async (deviceId) => {
      const { rows } = await sql<{
        model: string;
        version: string;
        rollout_id: string | null;
        ring: string | null;
        since: Date;
        until: Date | null;
        reason: string | null;
      }>`select a.model, a.version::text, a.rollout_id, a.ring, a.since, a.until, a.reason
           from device_assignments a where a.device_id = ${deviceId} order by a.since desc, a.until desc nulls first`.execute(
        db,
      );
      return rows.map((row) => ({
        deviceId,
        model: row.model,
        version: row.version,
        rolloutId: row.rollout_id,
        ring: row.ring,
        since: row.since.toISOString(),
        until: row.until?.toISOString() ?? null,
        reason: row.reason ?? '',
      }));
    },
  };
}

/** The commit and environment that made a version; unknown for one that was trained elsewhere. */
function madeBy(
  published: PipelineVersion | undefined,
): Pick<Lineage, 'commit' | 'repository' | 'environment'> {
  if (published === undefined) return { commit: null, repository: null, environment: null };
  const { source, environment } = published;
  return { commit: source.commit, repository: source.repository, environment };
}

async function deployments(
  db: Kysely<Database>,
  name: string,
  version: string,
): Promise<Lineage['deployments']> {
  const { rows } = await sql<{
    rollout_id: string;
    outcome: string | null;
    started_at: Date;
    finished_at: Date | null;
  }>`select rollout_id, outcome, started_at, finished_at from rollouts
      where model = ${name} and version::text = ${version} order by started_at desc`.execute(db);
  return rows.map((row) => ({
    rolloutId: row.rollout_id,
    outcome: row.outcome ?? 'running',
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  }));
}

/** Devices that have the version now. */
async function devices(db: Kysely<Database>, name: string, version: string): Promise<string[]> {
  const { rows } = await sql<{ device_id: string }>`
    select distinct device_id from device_assignments
     where model = ${name} and version::text = ${version} and until is null order by device_id`.execute(db);
  return rows.map((row) => row.device_id);
}
