import { sql } from 'kysely';
import type { Kysely, SqlBool, Transaction } from 'kysely';
import { artefactsIn } from '../../../contracts/artefact.ts';
import { firstState } from '../../../domain/registry/states.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../../ports/artefact-store.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { ImportedRegistration } from '../../../contracts/model/model-version.ts';
import type { ModelVersions } from '../../../ports/registry/model-versions.ts';
import { appendAudit } from './audit-log.ts';
import { insertDataSet } from './data-sets.ts';
import { holdArtefacts } from './hold-artefacts.ts';
import { lockName } from '../lock-name.ts';
import { noteComparison } from './model-comparisons.ts';
import { select, toModel, toRecord, WHOLE, type Row } from './model-rows.ts';
import { versionNumber } from './pipeline-versions.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

/**
 * Model versions: immutable, numbered without gaps per name; identity is (name, digest, pipeline,
 * data).
 */
export function createModelVersions(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): ModelVersions {
  const register = (registration: ImportedRegistration, by: Actor): Promise<Row> =>
    db.transaction().execute(async (transaction) => {
      const named = artefactsIn(registration).map((ref) => ref.digest);
      await holdArtefacts(transaction, artefacts, named);
      await lockName(transaction, 'model', registration.name);
      const known = await findSame(transaction, registration);
      const version = known ?? (await insertVersion(transaction, clock, { registration, by }));
      if (known !== undefined) await noteComparison(transaction, clock, { version, registration, by });
      const [model] = await select(transaction)
        .where('name', '=', registration.name)
        .where('version', '=', version)
        .execute();
      if (model === undefined) throw new WindlassError('INTERNAL', 'The registered version is gone.');
      return model;
    });
  const find = (name: string, versionOrAlias: string): Promise<Row | undefined> => {
    const number = versionNumber(versionOrAlias);
    return select(db)
      .where('name', '=', name)
      .where((e) =>
        number !== undefined
          ? e('version', '=', number)
          : e(
              'version',
              'in',
              e
                .selectFrom('model_aliases')
                .select('version')
                .where('name', '=', name)
                .where('alias', '=', versionOrAlias)
                .where('until', 'is', null),
            ),
      )
      .executeTakeFirst();
  };
  return {
    registerModel: async (registration, by) => toModel(await register(registration, by)),
    importModel: async (registration, by) => toRecord(await register(registration, by)),
    model: async (name, versionOrAlias) => {
      const row = await find(name, versionOrAlias);
      return row && toModel(row);
    },
    standing: async (name, versionOrAlias) => {
      const row = await find(name, versionOrAlias);
      return row && { name, version: String(row.version), state: row.state, aliases: row.aliases };
    },
    record: async (name, versionOrAlias) => {
      const row = await find(name, versionOrAlias);
      return row && toRecord(row);
    },

    models: async ({ name, alias, data, limit } = {}) => {
      let query = select(db).where(WHOLE);
      if (name !== undefined) query = query.where('name', '=', name);
      if (alias !== undefined)
        query = query.where((e) =>
          e.exists(
            e
              .selectFrom('model_aliases')
              .select('id')
              .whereRef('model_aliases.name', '=', 'models.name')
              .whereRef('model_aliases.version', '=', 'models.version')
              .where('alias', '=', alias)
              .where('until', 'is', null),
          ),
        );
      if (data !== undefined)
        query = query.where((e) =>
          e.or([
            e('data_digest', '=', data),
            e(
              'data_digest',
              'in',
              e
                .selectFrom('data_files')
                .select('data_digest')
                .where('sha256', '=', data.replace(/^sha256:/, '')),
            ),
          ]),
        );
      const rows = await query
        .orderBy('created_at', 'desc')
        .orderBy('name')
        .orderBy('version', 'desc')
        .limit(limit ?? 500)
        .execute();
      return rows.map(toModel);
    },
  };
}

/**
 * The version with this content. A version that retention deleted does not count: its bytes are
 * gone.
 */
async function findSame(
  transaction: Transaction<Database>,
  { name, digest, pipeline, data, golden }: ImportedRegistration,
): Promise<number | undefined> {
  const same = sql<SqlBool>`(pipeline_name, pipeline_version, data_digest) is not distinct from
    (${pipeline?.name ?? null}::text, ${versionNumber(pipeline?.version ?? '') ?? null}::integer, ${data?.digest ?? null}::text)`;
  // Where nothing else is known of a version, its golden rows are part of its identity.
  const rows = sql<SqlBool>`registration #>> '{golden,digest}' is not distinct from ${golden?.digest ?? null}::text`;
  const found = await transaction
    .selectFrom('models')
    .select('version')
    .where('name', '=', name)
    .where('digest', '=', digest)
    .where('state', '<>', 'deleted')
    .where(same)
    .$if(pipeline === null || data === null, (query) => query.where(rows))
    .executeTakeFirst();
  return found?.version;
}

async function insertVersion(
  transaction: Transaction<Database>,
  clock: Clock,
  { registration, by }: { registration: ImportedRegistration; by: Actor },
): Promise<number> {
  const { name, digest, pipeline, data, run, origin } = registration;
  if (pipeline !== null) await refuseUnpublished(transaction, pipeline);
  if (data !== null) await insertDataSet(transaction, clock, data);
  const { last } = await transaction
    .selectFrom('models')
    .select((e) => e.fn.max('version').as('last'))
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  const version = (last ?? 0) + 1;
  const state = firstState(registration);
  await transaction
    .insertInto('models')
    .values({
      name,
      version,
      digest,
      pipeline_name: pipeline?.name ?? null,
      pipeline_version: pipeline === null ? null : (versionNumber(pipeline.version) ?? null),
      data_digest: data?.digest ?? null,
      registration: json(registration),
      workflow_id: run.workflowId,
      run_id: run.runId,
      state,
      created_at: clock.now(),
      created_by: by.actor,
    })
    .execute();
  await appendAudit(transaction, clock, {
    ...by,
    action: origin === 'imported' ? 'model.imported' : 'model.registered',
    subject: `model/${name}@${version}`,
    details: {
      digest,
      pipeline: pipeline === null ? null : `${pipeline.name}@${pipeline.version}`,
      data: data?.digest ?? null,
      workflowId: run.workflowId,
      runId: run.runId,
      verdict: registration.comparison.verdict,
      state,
    },
  });
  return version;
}

async function refuseUnpublished(
  transaction: Transaction<Database>,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<void> {
  const published = await transaction
    .selectFrom('pipelines')
    .select('version')
    .where('name', '=', name)
    .where('version', '=', versionNumber(version) ?? 0)
    .executeTakeFirst();
  if (published === undefined)
    throw new WindlassError(
      'NOT_FOUND',
      `The pipeline ${name}@${version} is not published, so no model can be registered from it.`,
    );
}
