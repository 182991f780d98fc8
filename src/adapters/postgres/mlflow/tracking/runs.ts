import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Run } from '../../../../contracts/mlflow/tracking.ts';
import { ARTEFACT_SCHEME } from '../../../../domain/tracking/artefact-paths.ts';
import { WindlassError } from '../../../../errors/windlass-error.ts';
import type { RunStore } from '../../../../ports/tracking-store.ts';
import type { Database } from '../../schema.ts';
import { clausesSql, keyValues, ordersSql } from './clause-sql.ts';
import type { SearchColumns, SideTable } from './clause-sql.ts';
import { experimentNumber, noExperiment } from './experiments.ts';
import { pageOf } from './page-of.ts';
import { createRunLogging, RUN_NAME_TAG, upsertTags } from './run-logging.ts';
import { activeRun, noRun, selectRuns, toRunInfo, withLogged } from './run-rows.ts';

/** `context` is a tag of the data set's use, everything else a column. */
const DATASETS: SideTable = {
  rows: (key) =>
    key === 'context'
      ? sql`from mlflow_datasets d, jsonb_to_recordset(d.tags) as t(key text, value text)
          where d.run_id = r.run_id and t.key = 'mlflow.data.context'`
      : sql`from mlflow_datasets d where d.run_id = r.run_id`,
  value: (key) =>
    key === 'context' ? sql`t.value` : sql`d.${sql.ref(key === 'digest' ? 'digest' : 'name')}`,
};

const COLUMNS: SearchColumns = {
  attributes: {
    run_id: sql`r.run_id`,
    run_name: sql`r.name`,
    user_id: sql`r.user_id`,
    status: sql`r.status`,
    artifact_uri: sql`(${ARTEFACT_SCHEME}::text || r.experiment_id || '/' || r.run_id || '/artifacts')`,
    start_time: sql`r.started_at`,
    end_time: sql`r.ended_at`,
  },
  beside: {
    metric: keyValues('mlflow_latest_metrics', 'kv.run_id = r.run_id'),
    param: keyValues('mlflow_params', 'kv.run_id = r.run_id'),
    tag: keyValues('mlflow_tags', 'kv.run_id = r.run_id'),
    dataset: DATASETS,
  },
};

/** Runs over PostgreSQL. */
export function createRuns(db: Kysely<Database>): RunStore {
  const read = async (runId: string): Promise<Run> => {
    const [run] = await withLogged(db, await selectRuns(db).where('run_id', '=', runId).execute());
    if (run === undefined) throw noRun(runId);
    return run;
  };
  return {
    ...createRunLogging(db),

    createRun: async (run) => {
      await db.transaction().execute(async (transaction) => {
        const experiment = await transaction
          .selectFrom('mlflow_experiments')
          .select(['experiment_id', 'stage'])
          .where('experiment_id', '=', experimentNumber(run.experimentId))
          .executeTakeFirst();
        if (experiment === undefined) throw noExperiment(run.experimentId);
        if (experiment.stage === 'deleted')
          throw new WindlassError(
            'INPUT_INVALID',
            `The experiment ${run.experimentId} is deleted: restore it before adding runs.`,
          );
        await transaction
          .insertInto('mlflow_runs')
          .values({
            run_id: run.runId,
            experiment_id: experiment.experiment_id,
            name: run.name,
            user_id: run.userId,
            status: 'RUNNING',
            started_at: run.startedAt,
            ended_at: null,
          })
          .execute();
        await upsertTags(transaction, run.runId, [...run.tags, { key: RUN_NAME_TAG, value: run.name }]);
      });
      return read(run.runId);
    },

    run: read,

    updateRun: (runId, { status, endedAt, name }) =>
      db.transaction().execute(async (transaction) => {
        const known = toRunInfo(await activeRun(transaction, runId));
        if (name !== undefined) await upsertTags(transaction, runId, [{ key: RUN_NAME_TAG, value: name }]);
        const row = await transaction
          .updateTable('mlflow_runs')
          .set({ status: status ?? known.status, ended_at: endedAt ?? known.endedAt })
          .where('run_id', '=', runId)
          .returningAll()
          .executeTakeFirstOrThrow();
        return toRunInfo(row);
      }),

    setRunStage: async (runId, stage) => {
      const changed = await db
        .updateTable('mlflow_runs')
        .set({ stage })
        .where('run_id', '=', runId)
        .returning('run_id')
        .executeTakeFirst();
      if (changed === undefined) throw noRun(runId);
    },

    searchRuns: async ({ clauses, order, offset, limit, experimentIds, stages }) => {
      const rows = await selectRuns(db)
        .where(sql<boolean>`r.experiment_id = any(${experimentIds.map(experimentNumber)})`)
        .where('r.stage', 'in', stages)
        .where(clausesSql(COLUMNS, clauses))
        .orderBy(ordersSql(COLUMNS, order, sql`r.started_at desc, r.run_id`))
        .offset(offset)
        .limit(limit + 1)
        .execute();
      const { items, more } = pageOf(rows, limit);
      return { items: await withLogged(db, items), more };
    },
  };
}
