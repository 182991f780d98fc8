import { sql } from 'kysely';
import type { Kysely, RawBuilder, Selectable, Transaction } from 'kysely';
import { AlreadyExists } from '../../../../errors/already-exists.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { DoorModel, MlflowRegistry } from '../../../../ports/mlflow-registry.ts';
import type { Actor } from '../../../../contracts/audit.ts';
import { appendAudit } from '../../registry/audit-log.ts';
import { lockName } from '../../lock-name.ts';
import type { Database } from '../../schema.ts';
import { clausesSql, keyValues, ordersSql } from '../tracking/clause-sql.ts';
import type { SearchColumns } from '../tracking/clause-sql.ts';
import { pageOf } from '../tracking/page-of.ts';
import type { DoorTables } from './door-tables.ts';
import { withdraw } from './door-versions.ts';
import { pairsOf, readVersions, selectVersions, toVersion } from './version-rows.ts';

type Part = Pick<
  MlflowRegistry,
  'createModel' | 'doorModel' | 'describeModel' | 'deleteModel' | 'setModelTag' | 'searchModels'
>;

const COLUMNS: SearchColumns = {
  attributes: {
    name: sql`m.name`,
    creation_timestamp: sql`m.created_at`,
    last_updated_timestamp: sql`m.updated_at`,
  },
  beside: { tag: keyValues('mlflow_registered_model_tags', 'kv.name = m.name') },
};

/** Model names as MLflow's clients make, read and search them. */
export function createDoorModels(db: Kysely<Database>, clock: Clock): Part {
  const read = async (name: string): Promise<DoorModel> => {
    const row = await select(db, oneModel(name)).executeTakeFirst();
    if (row === undefined) throw noModel(name);
    const [model] = await withLatest(db, [row]);
    return model ?? Promise.reject(noModel(name));
  };

  /** Makes a change to what is written about a model, with its audit event. */
  const change = (
    name: string,
    by: Actor,
    write: (
      transaction: Transaction<Database>,
    ) => Promise<{ action: string; details: Record<string, unknown> }>,
  ): Promise<void> =>
    db.transaction().execute(async (transaction) => {
      await lockName(transaction, 'model', name);
      if (!(await exists(transaction, name))) throw noModel(name);
      await touch(transaction, clock, { name });
      const { action, details } = await write(transaction);
      await appendAudit(transaction, clock, { ...by, action, subject: `model/${name}`, details });
    });

  return {
    createModel: async ({ name, description, tags }, by) => {
      await db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'model', name);
        if (await exists(transaction, name))
          throw new AlreadyExists(`There is a registered model ${JSON.stringify(name)} already.`);
        await touch(transaction, clock, { name, description });
        if (tags.length > 0)
          await transaction
            .insertInto('mlflow_registered_model_tags')
            .values([...new Map(tags.map((tag) => [tag.key, tag])).values()].map((tag) => ({ name, ...tag })))
            .execute();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'model.named',
          subject: `model/${name}`,
          details: { origin: 'mlflow' },
        });
      });
      return read(name);
    },

    doorModel: read,

    describeModel: async (name, description, by) => {
      await change(name, by, async (transaction) => {
        await touch(transaction, clock, { name, description });
        return { action: 'model.described', details: { description: description.slice(0, 500) } };
      });
      return read(name);
    },

    setModelTag: ({ name, key, value }, by) =>
      change(name, by, async (transaction) => {
        if (value === null)
          await transaction
            .deleteFrom('mlflow_registered_model_tags')
            .where('name', '=', name)
            .where('key', '=', key)
            .execute();
        else
          await transaction
            .insertInto('mlflow_registered_model_tags')
            .values({ name, key, value })
            .onConflict((conflict) => conflict.columns(['name', 'key']).doUpdateSet({ value }))
            .execute();
        return { action: 'model.tagged', details: { tags: { [key]: value } } };
      }),

    deleteModel: (name, by) =>
      change(name, by, async (transaction) => {
        const rows = await selectVersions(transaction)
          .where('v.name', '=', name)
          .orderBy('v.version')
          .execute();
        const versions = rows.map(toVersion);
        const own = versions.filter(({ origin }) => origin !== 'mlflow');
        if (own.length > 0)
          throw new WindlassError(
            'FORBIDDEN',
            `The model ${name} has versions that Windlass made (${own.map((v) => v.version).join(', ')}), and those never change.`,
            { hint: 'Take versions out of use with `windlass models retire`.' },
          );
        for (const version of versions) await withdraw(transaction, clock, { version, by });
        await transaction.deleteFrom('mlflow_registered_model_tags').where('name', '=', name).execute();
        await transaction.deleteFrom('mlflow_registered_models').where('name', '=', name).execute();
        return { action: 'model.unnamed', details: { versions: versions.map((v) => v.version) } };
      }),

    searchModels: async ({ clauses, order, offset, limit }) => {
      const rows = await select(db)
        .where(clausesSql(COLUMNS, clauses))
        .orderBy(ordersSql(COLUMNS, order, sql`m.name`))
        .offset(offset)
        .limit(limit + 1)
        .execute();
      const { items, more } = pageOf(rows, limit);
      return { items: await withLatest(db, items), more };
    },
  };
}

function noModel(name: string): WindlassError {
  return new WindlassError('NOT_FOUND', `There is no registered model ${JSON.stringify(name)}.`);
}

async function exists(db: Kysely<Database>, name: string): Promise<boolean> {
  const { rows } = await sql<{
    known: boolean;
  }>`select exists (select 1 from mlflow_registered_models where name = ${name})
    or exists (select 1 from mlflow_versions where name = ${name}) as known`.execute(db);
  return rows[0]?.known === true;
}

/** Notes that something about the model changed; a description that is not given stays. */
async function touch(
  transaction: Transaction<Database>,
  clock: Clock,
  { name, description }: { name: string; description?: string },
): Promise<void> {
  const now = clock.now().getTime();
  await transaction
    .insertInto('mlflow_registered_models')
    .values({ name, description: description ?? '', created_at: now, updated_at: now })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ updated_at: now, description }))
    .execute();
}

interface Alias {
  readonly alias: string;
  readonly version: string;
}

type Names = Selectable<DoorTables['mlflow_models']>;

const ALL_MODELS = sql<Names>`mlflow_models`;

/**
 * The row of `mlflow_models` with a name, found by indexes: through the view every version of every
 * model would be read.
 */
function oneModel(name: string): RawBuilder<Names> {
  return sql<Names>`(select n.name, coalesce(r.description, '') as description, v.latest,
      coalesce(least(r.created_at, v.created_at), r.created_at, v.created_at) as created_at,
      coalesce(greatest(r.updated_at, v.updated_at), r.updated_at, v.updated_at) as updated_at
    from (select ${name}::text as name) n
    left join mlflow_registered_models r on r.name = n.name
    cross join (select min(created_at) as created_at, max(updated_at) as updated_at, max(version) as latest
                  from mlflow_versions where name = ${name}) v
   where r.name is not null or v.latest is not null)`;
}

/** Models with what is written about them, as rows named `m`. */
function select(db: Kysely<Database>, models: RawBuilder<Names> = ALL_MODELS) {
  return db
    .selectFrom(models.as('m'))
    .selectAll('m')
    .select([
      pairsOf(sql`(select key, value from mlflow_registered_model_tags t where t.name = m.name)`).as('tags'),
      sql<
        Alias[]
      >`(select coalesce(json_agg(json_build_object('alias', a.alias, 'version', a.version::text) order by a.alias), '[]')
        from model_aliases a where a.name = m.name and a.until is null)`.as('aliases'),
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;

async function withLatest(db: Kysely<Database>, rows: readonly Row[]): Promise<DoorModel[]> {
  const wanted = rows.map((row) => ({ name: row.name, version: row.latest ?? 0 }));
  const latest = new Map((await readVersions(db, wanted)).map((version) => [version.name, version]));
  return rows.map((row) => ({
    name: row.name,
    description: row.description,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    tags: row.tags,
    aliases: row.aliases,
    latest: latest.get(row.name),
  }));
}
