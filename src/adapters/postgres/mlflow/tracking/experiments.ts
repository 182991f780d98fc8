import { sql } from 'kysely';
import type { Kysely, Selectable } from 'kysely';
import type { Experiment, KeyValue } from '../../../../contracts/mlflow/tracking.ts';
import { AlreadyExists } from '../../../../errors/already-exists.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { ExperimentStore } from '../../../../ports/tracking-store.ts';
import type { Database } from '../../schema.ts';
import { clausesSql, keyValues, ordersSql } from './clause-sql.ts';
import type { SearchColumns } from './clause-sql.ts';
import { pageOf } from './page-of.ts';
import type { TrackingTables } from './tracking-tables.ts';

const COLUMNS: SearchColumns = {
  attributes: {
    name: sql`e.name`,
    experiment_id: sql`e.experiment_id::text`,
    creation_time: sql`e.created_at`,
    last_update_time: sql`e.updated_at`,
  },
  beside: { tag: keyValues('mlflow_experiment_tags', 'kv.experiment_id = e.experiment_id') },
};

/** Experiments over PostgreSQL. */
export function createExperiments(db: Kysely<Database>, clock: Clock): ExperimentStore {
  const now = (): number => clock.now().getTime();

  const touch = async (at: Kysely<Database>, id: string, change: { name?: string } = {}): Promise<void> => {
    const changed = await at
      .updateTable('mlflow_experiments')
      .set({ ...change, updated_at: now() })
      .where('experiment_id', '=', experimentNumber(id))
      .returning('experiment_id')
      .executeTakeFirst()
      .catch(nameTaken(change.name));
    if (changed === undefined) throw noExperiment(id);
  };

  return {
    createExperiment: async ({ name, tags }) => {
      const { experiment_id } = await db
        .transaction()
        .execute(async (transaction) => {
          const row = await transaction
            .insertInto('mlflow_experiments')
            .values({ name, created_at: now(), updated_at: now() })
            .returning('experiment_id')
            .executeTakeFirstOrThrow();
          if (tags.length > 0)
            await transaction
              .insertInto('mlflow_experiment_tags')
              .values(
                [...new Map(tags.map((tag) => [tag.key, tag])).values()].map((tag) => ({
                  experiment_id: row.experiment_id,
                  ...tag,
                })),
              )
              .execute();
          return row;
        })
        .catch(nameTaken(name));
      return String(experiment_id);
    },

    experiment: async (by) => {
      const row = await select(db)
        .$if('id' in by, (q) => q.where('experiment_id', '=', 'id' in by ? experimentNumber(by.id) : 0))
        .$if('name' in by, (q) => q.where('name', '=', 'name' in by ? by.name : ''))
        .executeTakeFirst();
      if (row === undefined) throw noExperiment('id' in by ? by.id : by.name);
      return toExperiment(row);
    },

    renameExperiment: (id, name) => touch(db, id, { name }),

    setExperimentStage: (id, stage) =>
      db.transaction().execute(async (transaction) => {
        const changed = await transaction
          .updateTable('mlflow_experiments')
          .set({ stage, updated_at: now() })
          .where('experiment_id', '=', experimentNumber(id))
          .returning('experiment_id')
          .executeTakeFirst();
        if (changed === undefined) throw noExperiment(id);
        await transaction
          .updateTable('mlflow_runs')
          .set({ stage })
          .where('experiment_id', '=', changed.experiment_id)
          .execute();
      }),

    setExperimentTag: (id, { key, value }) =>
      db.transaction().execute(async (transaction) => {
        await touch(transaction, id);
        await transaction
          .insertInto('mlflow_experiment_tags')
          .values({ experiment_id: experimentNumber(id), key, value })
          .onConflict((conflict) => conflict.columns(['experiment_id', 'key']).doUpdateSet({ value }))
          .execute();
      }),

    deleteExperimentTag: async (id, key) => {
      const gone = await db
        .deleteFrom('mlflow_experiment_tags')
        .where('experiment_id', '=', experimentNumber(id))
        .where('key', '=', key)
        .returning('key')
        .executeTakeFirst();
      if (gone === undefined)
        throw new WindlassError('NOT_FOUND', `The experiment ${id} has no tag "${key}".`);
    },

    searchExperiments: async ({ clauses, order, offset, limit, stages }) => {
      const rows = await select(db)
        .where('stage', 'in', stages)
        .where(clausesSql(COLUMNS, clauses))
        .orderBy(ordersSql(COLUMNS, order, sql`e.created_at desc, e.experiment_id`))
        .limit(limit + 1)
        .offset(offset)
        .execute();
      return pageOf(rows.map(toExperiment), limit);
    },
  };
}

/** The number of an experiment's id; -1 for what cannot be one, so that it is not found. */
export function experimentNumber(id: string): number {
  return /^\d{1,9}$/.test(id) ? Number(id) : -1;
}

export function noExperiment(idOrName: string): WindlassError {
  return new WindlassError('NOT_FOUND', `There is no experiment ${JSON.stringify(idOrName)}.`);
}

function nameTaken(name: string | undefined): (error: unknown) => never {
  return (error) => {
    if ((error as { code?: string }).code !== '23505') throw error;
    throw new AlreadyExists(`There is an experiment named ${JSON.stringify(name)} already.`);
  };
}

function select(db: Kysely<Database>) {
  return db
    .selectFrom('mlflow_experiments as e')
    .selectAll('e')
    .select(
      sql<
        KeyValue[]
      >`(select coalesce(json_agg(json_build_object('key', t.key, 'value', t.value) order by t.key), '[]')
        from mlflow_experiment_tags t where t.experiment_id = e.experiment_id)`.as('tags'),
    );
}

function toExperiment(
  row: Selectable<TrackingTables['mlflow_experiments']> & { tags: KeyValue[] },
): Experiment {
  return {
    experimentId: String(row.experiment_id),
    name: row.name,
    stage: row.stage,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    tags: row.tags,
  };
}
