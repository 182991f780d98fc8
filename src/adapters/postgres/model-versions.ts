import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { promotable } from '../../domain/comparison/verdict.ts';
import type { ModelState } from '../../contracts/model-state.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Actor, ModelRegistration, ModelVersion, Registry } from '../../ports/registry.ts';
import { appendAudit } from './audit-log.ts';
import { insertDataSet } from './data-sets.ts';
import { isForeign, NOT_FOREIGN, unjudged } from './mlflow-registry/foreign.ts';
import { lockArtefacts, lockName } from './lock-name.ts';
import { versionNumber } from './pipeline-versions.ts';
import { json } from './registry-tables.ts';
import type { Database } from './schema.ts';

/** Model versions: immutable, numbered without gaps per name; identity is (name, digest, pipeline, data). */
export function createModelVersions(
  db: Kysely<Database>,
  clock: Clock,
  artefacts?: Pick<ArtefactStore, 'has'>,
): Pick<Registry, 'registerModel' | 'model' | 'models'> {
  return {
    registerModel: (registration, by) =>
      db.transaction().execute(async (transaction) => {
        await lockArtefacts(transaction, 'shared');
        await lockName(transaction, 'model', registration.name);
        if (artefacts !== undefined) await refuseMissing(artefacts, registration);
        const known = await findSame(transaction, registration);
        if (known?.state === 'deleted') await revive(transaction, clock, { known, registration, by });
        const version = known?.version ?? (await insertVersion(transaction, clock, { registration, by }));
        const [model] = await select(transaction)
          .where('name', '=', registration.name)
          .where('version', '=', version)
          .execute();
        if (model === undefined) throw new WindlassError('INTERNAL', 'The registered version is gone.');
        return toModel(model);
      }),

    model: async (name, versionOrAlias) => {
      const number = versionNumber(versionOrAlias);
      const row = await select(db)
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
      return row && toModel(row);
    },

    models: async ({ name, alias, data, limit } = {}) => {
      let query = select(db).where(NOT_FOREIGN);
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

type Known = { readonly version: number; readonly state: ModelState };

async function findSame(
  transaction: Transaction<Database>,
  registration: ModelRegistration,
): Promise<Known | undefined> {
  return transaction
    .selectFrom('models')
    .select(['version', 'state'])
    .where('name', '=', registration.name)
    .where('digest', '=', registration.digest)
    .where('pipeline_name', '=', registration.pipeline.name)
    .where('pipeline_version', '=', versionNumber(registration.pipeline.version) ?? 0)
    .where('data_digest', '=', registration.data.digest)
    .executeTakeFirst();
}

/** A version must not name bytes that retention has removed since they were made. */
async function refuseMissing(
  artefacts: Pick<ArtefactStore, 'has'>,
  { onnx, golden, baseline, folds, card, log }: ModelRegistration,
): Promise<void> {
  for (const ref of [onnx, golden, baseline, card, log, ...Object.values(folds)])
    if (ref !== null && !(await artefacts.has(ref.digest)))
      throw new WindlassError('CONFLICT', `The artefact ${ref.digest} is gone, so no version can name it.`, {
        hint: 'Retention removed it while the run was under way: start the run again.',
      });
}

/** The very same content is there again after retention had deleted it. */
async function revive(
  transaction: Transaction<Database>,
  clock: Clock,
  { known, registration, by }: { known: Known; registration: ModelRegistration; by: Actor },
): Promise<void> {
  const { name, comparison } = registration;
  const to = promotable(comparison.verdict) ? 'registered' : 'rejected';
  await transaction
    .updateTable('models')
    .set({ state: to })
    .where('name', '=', name)
    .where('version', '=', known.version)
    .execute();
  await appendAudit(transaction, clock, {
    ...by,
    action: 'model.restored',
    subject: `model/${name}@${known.version}`,
    details: { from: 'deleted', to },
  });
}

async function insertVersion(
  transaction: Transaction<Database>,
  clock: Clock,
  { registration, by }: { registration: ModelRegistration; by: Actor },
): Promise<number> {
  const { name, digest, pipeline, data, run } = registration;
  const published = await transaction
    .selectFrom('pipelines')
    .select('version')
    .where('name', '=', pipeline.name)
    .where('version', '=', versionNumber(pipeline.version) ?? 0)
    .executeTakeFirst();
  if (published === undefined)
    throw new WindlassError(
      'NOT_FOUND',
      `The pipeline ${pipeline.name}@${pipeline.version} is not published, so no model can be registered from it.`,
    );
  await insertDataSet(transaction, clock, data);
  const { last } = await transaction
    .selectFrom('models')
    .select((e) => e.fn.max('version').as('last'))
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  const version = (last ?? 0) + 1;
  // A version that lost against the champion is kept for people to look at, and never rolled out.
  const state = promotable(registration.comparison.verdict) ? 'registered' : 'rejected';
  await transaction
    .insertInto('models')
    .values({
      ...{ name, version, digest },
      pipeline_name: pipeline.name,
      pipeline_version: published.version,
      data_digest: data.digest,
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
    action: 'model.registered',
    subject: `model/${name}@${version}`,
    details: {
      digest,
      pipeline: `${pipeline.name}@${pipeline.version}`,
      data: data.digest,
      workflowId: run.workflowId,
      runId: run.runId,
      verdict: registration.comparison.verdict,
      state,
    },
  });
  return version;
}

function select(db: Kysely<Database>) {
  return db
    .selectFrom('models')
    .select(['registration', 'version', 'state', 'created_at', 'created_by'])
    .select(
      sql<string[]>`array(select alias from model_aliases a where a.name = models.name
        and a.version = models.version and a.until is null order by alias)`.as('aliases'),
    );
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;

function toModel(row: Row): ModelVersion {
  if (isForeign(row.registration)) throw unjudged(row.registration.name, row.version);
  return {
    ...row.registration,
    version: String(row.version),
    state: row.state,
    aliases: row.aliases,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
  };
}
