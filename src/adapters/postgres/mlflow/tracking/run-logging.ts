import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { KeyValue, MetricPoint } from '../../../../contracts/mlflow/tracking.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { RunStore } from '../../../../ports/tracking-store.ts';
import { json } from '../../column-types.ts';
import type { Database } from '../../schema.ts';
import { noLoggedModel } from './logged-models.ts';
import { pageOf } from './page-of.ts';
import { activeRun, noRun } from './run-rows.ts';

/** The tag that is a run's name. */
export const RUN_NAME_TAG = 'mlflow.runName';

type Part = Pick<RunStore, 'logBatch' | 'deleteTag' | 'logInputs' | 'logOutputs' | 'metricHistory'>;

/**
 * What runs log: metrics with their history, params that never change, tags that do, data sets and
 * models.
 */
export function createRunLogging(db: Kysely<Database>): Part {
  return {
    logBatch: (runId, { metrics, params, tags }) =>
      db.transaction().execute(async (transaction) => {
        await activeRun(transaction, runId);
        await insertParams(transaction, runId, params);
        await upsertTags(transaction, runId, tags);
        await insertMetrics(transaction, runId, metrics);
      }),

    deleteTag: (runId, key) =>
      db.transaction().execute(async (transaction) => {
        await activeRun(transaction, runId);
        const gone = await transaction
          .deleteFrom('mlflow_tags')
          .where('run_id', '=', runId)
          .where('key', '=', key)
          .returning('key')
          .executeTakeFirst();
        if (gone === undefined)
          throw new WindlassError('NOT_FOUND', `The run ${runId} has no tag ${JSON.stringify(key)}.`);
      }),

    logInputs: (runId, { datasets, models }) =>
      db.transaction().execute(async (transaction) => {
        await activeRun(transaction, runId);
        // Told twice in one request, the last counts: a statement changes no row twice.
        const last = new Map(datasets.map((set) => [JSON.stringify([set.name, set.digest]), set]));
        if (last.size > 0)
          await transaction
            .insertInto('mlflow_datasets')
            .values(
              [...last.values()].map(({ sourceType, tags, schema, profile, ...rest }) => ({
                ...rest,
                run_id: runId,
                source_type: sourceType,
                schema: schema ?? null,
                profile: profile ?? null,
                tags: json(tags),
              })),
            )
            .onConflict((conflict) =>
              conflict
                .columns(['run_id', 'name', 'digest'])
                .doUpdateSet((e) => ({ tags: e.ref('excluded.tags') })),
            )
            .execute();
        await insertModels(
          transaction,
          models.map((modelId) => ({ run_id: runId, model_id: modelId, direction: 'input', step: 0 })),
        );
      }),

    logOutputs: (runId, models) =>
      db.transaction().execute(async (transaction) => {
        await activeRun(transaction, runId);
        await insertModels(
          transaction,
          models.map(({ modelId, step }) => ({
            run_id: runId,
            model_id: modelId,
            step,
            direction: 'output',
          })),
        );
      }),

    metricHistory: async (runId, key, { offset, limit }) => {
      const known = await db
        .selectFrom('mlflow_runs')
        .select('run_id')
        .where('run_id', '=', runId)
        .executeTakeFirst();
      if (known === undefined) throw noRun(runId);
      const rows = await db
        .selectFrom('mlflow_metrics')
        .selectAll()
        .where('run_id', '=', runId)
        .where('key', '=', key)
        .orderBy('step')
        .orderBy('at')
        .orderBy('value')
        .orderBy('model_id')
        .offset(offset)
        .limit(limit + 1)
        .execute();
      return pageOf(
        rows.map((row) => ({
          key: row.key,
          value: row.value,
          at: Number(row.at),
          step: Number(row.step),
          modelId: row.model_id === '' ? undefined : row.model_id,
          datasetName: row.dataset_name ?? undefined,
          datasetDigest: row.dataset_digest ?? undefined,
        })),
        limit,
      );
    },
  };
}

/** Inserts the params that are new; INPUT_INVALID names one that is known with another value. */
async function insertParams(
  transaction: Transaction<Database>,
  runId: string,
  params: readonly KeyValue[],
): Promise<void> {
  if (params.length === 0) return;
  await transaction
    .insertInto('mlflow_params')
    .values(params.map((param) => ({ run_id: runId, ...param })))
    .onConflict((conflict) => conflict.columns(['run_id', 'key']).doNothing())
    .execute();
  const kept = await transaction
    .selectFrom('mlflow_params')
    .selectAll()
    .where('run_id', '=', runId)
    .where(
      'key',
      'in',
      params.map(({ key }) => key),
    )
    .execute();
  for (const { key, value } of params) {
    const old = kept.find((param) => param.key === key)?.value;
    if (old === value) continue;
    throw new WindlassError(
      'INPUT_INVALID',
      `The param ${JSON.stringify(key)} of run ${runId} is ${JSON.stringify(old)} and cannot become ${JSON.stringify(value)}: params never change. Log it in another (nested) run.`,
    );
  }
}

/** Sets tags; the last of several with the same key counts, and the name tag also names the run. */
export async function upsertTags(
  transaction: Transaction<Database>,
  runId: string,
  tags: readonly KeyValue[],
): Promise<void> {
  if (tags.length === 0) return;
  const last = new Map(tags.map(({ key, value }) => [key, value]));
  await transaction
    .insertInto('mlflow_tags')
    .values([...last].map(([key, value]) => ({ run_id: runId, key, value })))
    .onConflict((conflict) =>
      conflict.columns(['run_id', 'key']).doUpdateSet((e) => ({ value: e.ref('excluded.value') })),
    )
    .execute();
  const name = last.get(RUN_NAME_TAG);
  if (name !== undefined)
    await transaction.updateTable('mlflow_runs').set({ name }).where('run_id', '=', runId).execute();
}

async function insertMetrics(
  transaction: Transaction<Database>,
  runId: string,
  metrics: readonly MetricPoint[],
): Promise<void> {
  if (metrics.length === 0) return;
  await transaction
    .insertInto('mlflow_metrics')
    .values(
      metrics.map(({ key, step, at, value, modelId, datasetName, datasetDigest }) => ({
        run_id: runId,
        key,
        step,
        at,
        value,
        model_id: modelId ?? '',
        dataset_name: datasetName ?? null,
        dataset_digest: datasetDigest ?? null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await transaction
    .insertInto('mlflow_latest_metrics')
    .values(latest(metrics).map(({ key, step, at, value }) => ({ run_id: runId, key, step, at, value })))
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'key'])
        .doUpdateSet((e) => ({
          step: e.ref('excluded.step'),
          at: e.ref('excluded.at'),
          value: e.ref('excluded.value'),
        }))
        .where(
          sql<boolean>`(excluded.step, excluded.at, excluded.value) >
            (mlflow_latest_metrics.step, mlflow_latest_metrics.at, mlflow_latest_metrics.value)`,
        ),
    )
    .execute();
}

/**
 * The point of each metric with the highest step, then time, then value; NaN counts as above every
 * number, as in PostgreSQL.
 */
function latest(metrics: readonly MetricPoint[]): MetricPoint[] {
  const best = new Map<string, MetricPoint>();
  for (const point of metrics) {
    const other = best.get(point.key);
    if (other === undefined || isAfter(point, other)) best.set(point.key, point);
  }
  return [...best.values()];
}

function isAfter(a: MetricPoint, b: MetricPoint): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.at !== b.at) return a.at > b.at;
  return Number.isNaN(a.value) || a.value > b.value;
}

async function insertModels(
  transaction: Transaction<Database>,
  rows: readonly { run_id: string; model_id: string; direction: 'input' | 'output'; step: number }[],
): Promise<void> {
  for (const row of rows) {
    const known = await transaction
      .selectFrom('mlflow_logged_models')
      .select('model_id')
      .where('model_id', '=', row.model_id)
      .executeTakeFirst();
    if (known === undefined) throw noLoggedModel(row.model_id);
    await transaction
      .insertInto('mlflow_run_models')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(['run_id', 'model_id', 'direction'])
          .doUpdateSet((e) => ({ step: e.ref('excluded.step') })),
      )
      .execute();
  }
}
