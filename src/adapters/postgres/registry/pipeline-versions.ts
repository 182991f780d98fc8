import type { Kysely, Selectable } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { PipelineVersion } from '../../../contracts/build/pipeline-version.ts';
import type { PipelineRegistry } from '../../../ports/registry/pipelines.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from '../lock-name.ts';
import { json } from '../column-types.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { Database } from '../schema.ts';

/**
 * Published pipeline versions: immutable, numbered without gaps per name, one version per digest.
 */
export function createPipelineVersions(db: Kysely<Database>, clock: Clock): PipelineRegistry {
  return {
    publishPipeline: (pipeline, by) =>
      db.transaction().execute(async (transaction) => {
        const { name, digest, source, environment } = pipeline;
        await lockName(transaction, 'pipeline', name);
        const known = await transaction
          .selectFrom('pipelines')
          .selectAll()
          .where('name', '=', name)
          .where('digest', '=', digest)
          .executeTakeFirst();
        if (known !== undefined) return toPipeline(known);
        const { last } = await transaction
          .selectFrom('pipelines')
          .select((e) => e.fn.max('version').as('last'))
          .where('name', '=', name)
          .executeTakeFirstOrThrow();
        const row = await transaction
          .insertInto('pipelines')
          .values({
            name,
            digest,
            environment,
            version: (last ?? 0) + 1,
            commit: source.commit,
            source: json(source),
            spec: json(pipeline.spec),
            checks: json(pipeline.checks),
            created_at: clock.now(),
            created_by: by.actor,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'pipeline.published',
          subject: `pipeline/${name}@${row.version}`,
          details: { digest, commit: source.commit, repository: source.repository, dirty: source.dirty },
        });
        return toPipeline(row);
      }),

    pipeline: async (name, version) => {
      const number = versionNumber(version);
      if (version !== 'latest' && number === undefined) return undefined;
      const row = await db
        .selectFrom('pipelines')
        .selectAll()
        .where('name', '=', name)
        .$if(number !== undefined, (query) => query.where('version', '=', number ?? 0))
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && toPipeline(row);
    },

    pipelines: async (name) => {
      const rows = await db
        .selectFrom('pipelines')
        .selectAll()
        .$if(name !== undefined, (query) => query.where('name', '=', name ?? ''))
        .orderBy('name')
        .orderBy('version', 'desc')
        .execute();
      return rows.map(toPipeline);
    },
  };
}

/** The integer of a version such as "12"; undefined for anything else. */
export function versionNumber(version: string): number | undefined {
  return /^[1-9][0-9]{0,8}$/.test(version) ? Number(version) : undefined;
}

function toPipeline(row: Selectable<RegistryTables['pipelines']>): PipelineVersion {
  const { name, digest, source, environment, spec, checks } = row;
  return {
    name,
    digest,
    source,
    environment,
    spec,
    checks,
    version: String(row.version),
    createdAt: row.created_at.toISOString(),
  };
}
