import { sql } from 'kysely';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type {
  DatasetInput,
  KeyValue,
  MetricPoint,
  Run,
  RunInfo,
  RunModel,
} from '../../../../contracts/mlflow/tracking.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { Database } from '../../schema.ts';
import type { TrackingTables } from './tracking-tables.ts';

type RunRow = Selectable<TrackingTables['mlflow_runs']>;

/** Runs as rows, named `r`. */
export function selectRuns(db: Kysely<Database>) {
  return db.selectFrom('mlflow_runs as r').selectAll('r');
}

export function noRun(runId: string): WindlassError {
  return new WindlassError('NOT_FOUND', `There is no run ${JSON.stringify(runId)}.`);
}

/**
 * The run's row, locked until the transaction ends; NOT_FOUND, or INPUT_INVALID when the run is
 * deleted.
 */
export async function activeRun(transaction: Transaction<Database>, runId: string): Promise<RunRow> {
  const row = await transaction
    .selectFrom('mlflow_runs')
    .selectAll()
    .where('run_id', '=', runId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) throw noRun(runId);
  if (row.stage === 'active') return row;
  throw new WindlassError('INPUT_INVALID', `The run ${runId} is deleted: restore it before changing it.`);
}

export function toRunInfo(row: RunRow): RunInfo {
  return {
    runId: row.run_id,
    experimentId: String(row.experiment_id),
    name: row.name,
    userId: row.user_id,
    status: row.status,
    startedAt: Number(row.started_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    stage: row.stage,
  };
}

/** Gives runs what they logged: four queries, however many runs there are. */
export async function withLogged(db: Kysely<Database>, rows: readonly RunRow[]): Promise<Run[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.run_id);
  const of = <T extends keyof TrackingTables & ('mlflow_params' | 'mlflow_tags' | 'mlflow_latest_metrics')>(
    table: T,
  ) =>
    sql<
      Selectable<TrackingTables[T]>
    >`select * from ${sql.table(table)} where run_id = any(${ids}) order by key`;
  const [params, tags, metrics, datasets, models] = await Promise.all([
    of('mlflow_params').execute(db),
    of('mlflow_tags').execute(db),
    of('mlflow_latest_metrics').execute(db),
    db.selectFrom('mlflow_datasets').selectAll().where('run_id', 'in', ids).orderBy('name').execute(),
    db.selectFrom('mlflow_run_models').selectAll().where('run_id', 'in', ids).orderBy('step').execute(),
  ]);
  const logged = {
    params: byRun(params.rows, toKeyValue),
    tags: byRun(tags.rows, toKeyValue),
    metrics: byRun(metrics.rows, toPoint),
    datasets: byRun(datasets, toDataset),
    modelInputs: byRun(
      models.filter((m) => m.direction === 'input'),
      toRunModel,
    ),
    modelOutputs: byRun(
      models.filter((m) => m.direction === 'output'),
      toRunModel,
    ),
  };
  return rows.map((row) => ({
    ...toRunInfo(row),
    params: logged.params.get(row.run_id) ?? [],
    tags: logged.tags.get(row.run_id) ?? [],
    metrics: logged.metrics.get(row.run_id) ?? [],
    datasets: logged.datasets.get(row.run_id) ?? [],
    modelInputs: logged.modelInputs.get(row.run_id) ?? [],
    modelOutputs: logged.modelOutputs.get(row.run_id) ?? [],
  }));
}

function byRun<R extends { run_id: string }, T>(rows: readonly R[], to: (row: R) => T): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.run_id);
    if (group === undefined) groups.set(row.run_id, [to(row)]);
    else group.push(to(row));
  }
  return groups;
}

function toKeyValue({ key, value }: { key: string; value: string }): KeyValue {
  return { key, value };
}

function toPoint(row: Selectable<TrackingTables['mlflow_latest_metrics']>): MetricPoint {
  return { key: row.key, value: row.value, at: Number(row.at), step: Number(row.step) };
}

function toDataset(row: Selectable<TrackingTables['mlflow_datasets']>): DatasetInput {
  return {
    name: row.name,
    digest: row.digest,
    sourceType: row.source_type,
    source: row.source,
    schema: row.schema ?? undefined,
    profile: row.profile ?? undefined,
    tags: row.tags,
  };
}

function toRunModel(row: Selectable<TrackingTables['mlflow_run_models']>): RunModel {
  return { modelId: row.model_id, step: Number(row.step) };
}
