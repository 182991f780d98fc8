import { sql } from 'kysely';
import type { Kysely, Selectable } from 'kysely';
import type { KeyValue, LoggedModel, MetricPoint } from '../../../../contracts/mlflow/tracking.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { LoggedModelStore } from '../../../../ports/tracking-store.ts';
import type { Database } from '../../schema.ts';
import { clausesSql, keyValues, ordersSql } from './clause-sql.ts';
import type { SearchColumns } from './clause-sql.ts';
import { experimentNumber, noExperiment } from './experiments.ts';
import { pageOf } from './page-of.ts';
import type { TrackingTables } from './tracking-tables.ts';

/** The latest point of each metric about a logged model, whichever run logged it. */
const LATEST = sql`(select distinct on (p.key, p.dataset_name, p.dataset_digest) p.* from mlflow_metrics p
  where p.model_id = m.model_id and p.model_id <> '' order by p.key, p.dataset_name, p.dataset_digest, p.step desc, p.at desc)`;

const COLUMNS: SearchColumns = {
  attributes: {
    name: sql`m.name`,
    model_id: sql`m.model_id`,
    model_type: sql`m.model_type`,
    status: sql`m.status`,
    source_run_id: sql`m.source_run_id`,
    creation_timestamp: sql`m.created_at`,
    last_updated_timestamp: sql`m.updated_at`,
  },
  beside: {
    metric: {
      rows: (key) => sql`from ${LATEST} as latest where latest.key = ${key}`,
      value: () => sql`latest.value`,
    },
    param: keyValues('mlflow_logged_model_params', 'kv.model_id = m.model_id'),
    tag: keyValues('mlflow_logged_model_tags', 'kv.model_id = m.model_id'),
  },
};

/** Logged models over PostgreSQL. */
export function createLoggedModels(db: Kysely<Database>, clock: Clock): LoggedModelStore {
  const now = (): number => clock.now().getTime();

  const read: LoggedModelStore['loggedModel'] = async (modelId, options = {}) => {
    const row = await select(db)
      .where('model_id', '=', modelId)
      .$if(options.deletedToo !== true, (query) => query.where('stage', '=', 'active'))
      .executeTakeFirst();
    if (row === undefined) throw noLoggedModel(modelId);
    return toLoggedModel(row);
  };

  const change = async (
    at: Kysely<Database>,
    modelId: string,
    set: Partial<Pick<LoggedModel, 'status' | 'stage'>> = {},
  ): Promise<void> => {
    const changed = await at
      .updateTable('mlflow_logged_models')
      .set({ ...set, updated_at: now() })
      .where('model_id', '=', modelId)
      .where('stage', '=', 'active')
      .returning('model_id')
      .executeTakeFirst();
    if (changed === undefined) throw noLoggedModel(modelId);
  };

  const insertParams = async (at: Kysely<Database>, modelId: string, params: readonly KeyValue[]) => {
    if (params.length === 0) return;
    await at
      .insertInto('mlflow_logged_model_params')
      .values(params.map((param) => ({ model_id: modelId, ...param })))
      .onConflict((conflict) => conflict.columns(['model_id', 'key']).doNothing())
      .execute();
  };

  const upsertTags = async (at: Kysely<Database>, modelId: string, tags: readonly KeyValue[]) => {
    if (tags.length === 0) return;
    await at
      .insertInto('mlflow_logged_model_tags')
      .values(
        [...new Map(tags.map((tag) => [tag.key, tag])).values()].map((tag) => ({
          model_id: modelId,
          ...tag,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['model_id', 'key']).doUpdateSet((e) => ({ value: e.ref('excluded.value') })),
      )
      .execute();
  };

  return {
    createLoggedModel: async ({ modelId, experimentId, name, modelType, sourceRunId, params, tags }) => {
      await db.transaction().execute(async (transaction) => {
        const experiment = await transaction
          .selectFrom('mlflow_experiments')
          .select('experiment_id')
          .where('experiment_id', '=', experimentNumber(experimentId))
          .executeTakeFirst();
        if (experiment === undefined) throw noExperiment(experimentId);
        await transaction
          .insertInto('mlflow_logged_models')
          .values({
            model_id: modelId,
            experiment_id: experiment.experiment_id,
            name,
            model_type: modelType,
            source_run_id: sourceRunId,
            status: 'PENDING',
            status_message: null,
            created_at: now(),
            updated_at: now(),
          })
          .execute();
        await insertParams(transaction, modelId, params);
        await upsertTags(transaction, modelId, tags);
      });
      return read(modelId);
    },

    loggedModel: read,

    finishLoggedModel: async (modelId, status) => {
      await change(db, modelId, { status });
      return read(modelId);
    },

    deleteLoggedModel: (modelId) => change(db, modelId, { stage: 'deleted' }),

    logModelParams: (modelId, params) =>
      db.transaction().execute(async (transaction) => {
        await change(transaction, modelId);
        await insertParams(transaction, modelId, params);
      }),

    setModelTags: (modelId, tags) =>
      db.transaction().execute(async (transaction) => {
        await change(transaction, modelId);
        await upsertTags(transaction, modelId, tags);
      }),

    deleteModelTag: (modelId, key) =>
      db.transaction().execute(async (transaction) => {
        await change(transaction, modelId);
        const gone = await transaction
          .deleteFrom('mlflow_logged_model_tags')
          .where('model_id', '=', modelId)
          .where('key', '=', key)
          .returning('key')
          .executeTakeFirst();
        if (gone === undefined)
          throw new WindlassError(
            'NOT_FOUND',
            `The logged model ${modelId} has no tag ${JSON.stringify(key)}.`,
          );
      }),

    searchLoggedModels: async ({ clauses, order, offset, limit, experimentIds }) => {
      const rows = await select(db)
        .where(sql<boolean>`m.experiment_id = any(${experimentIds.map(experimentNumber)})`)
        .where('stage', '=', 'active')
        .where(clausesSql(COLUMNS, clauses))
        .orderBy(ordersSql(COLUMNS, order, sql`m.created_at desc, m.model_id`))
        .offset(offset)
        .limit(limit + 1)
        .execute();
      return pageOf(rows.map(toLoggedModel), limit);
    },
  };
}

export function noLoggedModel(modelId: string): WindlassError {
  return new WindlassError('NOT_FOUND', `There is no logged model ${JSON.stringify(modelId)}.`);
}

interface MetricRow {
  readonly key: string;
  /** As text, for JSON has no NaN. */
  readonly value: string;
  readonly at: number;
  readonly step: number;
  readonly run_id: string;
  readonly dataset_name: string | null;
  readonly dataset_digest: string | null;
}

function select(db: Kysely<Database>) {
  const pairs = (table: string) =>
    sql<
      KeyValue[]
    >`(select coalesce(json_agg(json_build_object('key', t.key, 'value', t.value) order by t.key), '[]')
      from ${sql.table(table)} t where t.model_id = m.model_id)`;
  return db
    .selectFrom('mlflow_logged_models as m')
    .selectAll('m')
    .select([
      pairs('mlflow_logged_model_params').as('params'),
      pairs('mlflow_logged_model_tags').as('tags'),
      sql<
        MetricRow[]
      >`(select coalesce(json_agg(json_build_object('key', l.key, 'value', l.value::text, 'at', l.at,
        'step', l.step, 'dataset_name', l.dataset_name, 'dataset_digest', l.dataset_digest)), '[]')
        from ${LATEST} as l)`.as('metrics'),
    ]);
}

type Row = Selectable<TrackingTables['mlflow_logged_models']> & {
  params: KeyValue[];
  tags: KeyValue[];
  metrics: MetricRow[];
};

function toLoggedModel(row: Row): LoggedModel {
  return {
    modelId: row.model_id,
    experimentId: String(row.experiment_id),
    name: row.name,
    modelType: row.model_type,
    sourceRunId: row.source_run_id,
    status: row.status,
    statusMessage: row.status_message,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    stage: row.stage,
    params: row.params,
    tags: row.tags,
    metrics: row.metrics.map(({ key, value, at, step, dataset_name, dataset_digest }): MetricPoint => ({
      key,
      at,
      step,
      value: Number(value),
      modelId: row.model_id,
      datasetName: dataset_name ?? undefined,
      datasetDigest: dataset_digest ?? undefined,
    })),
  };
}
