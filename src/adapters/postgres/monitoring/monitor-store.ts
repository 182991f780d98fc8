import { sql, type Kysely, type Selectable } from 'kysely';
import type { WindowSummary } from '../../../contracts/device/window-summary.ts';
import type { MonitorStore, StoredReport } from '../../../ports/monitor-store.ts';
import type { MonitorTables } from './monitor-tables.ts';
import type { Database } from '../schema.ts';

const ROWS_PER_INSERT = 1000;

function windowRow(summary: WindowSummary, enqueued: string) {
  return {
    device_id: summary.device,
    model: summary.model.name,
    version: summary.model.version,
    digest: summary.model.digest,
    baseline: summary.baseline,
    seq: summary.seq,
    started_at: summary.start,
    ended_at: summary.end,
    enqueued_at: enqueued,
    summary: JSON.stringify(summary),
  };
}

function storedReport(row: Selectable<MonitorTables['monitor_reports']>): StoredReport {
  return {
    id: row.id,
    workflowId: row.workflow_id,
    runId: row.run_id,
    model: row.model,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    drift: row.drift,
    report: row.report,
    html: row.html,
    json: row.json,
  };
}

/** The monitor's tables in PostgreSQL. */
export function createMonitorStore(db: Kysely<Database>): MonitorStore {
  const byRun = (trx: Kysely<Database>, workflowId: string, runId: string) =>
    trx
      .selectFrom('monitor_reports')
      .selectAll()
      .where('workflow_id', '=', workflowId)
      .where('run_id', '=', runId)
      .executeTakeFirst();

  return {
    async cursor(source) {
      const row = await db
        .selectFrom('telemetry_cursors')
        .select('cursor')
        .where('source', '=', source)
        .executeTakeFirst();
      return row?.cursor ?? null;
    },

    async saveWindows(source, cursor, windows) {
      return db.transaction().execute(async (trx) => {
        let saved = 0;
        for (let i = 0; i < windows.length; i += ROWS_PER_INSERT) {
          const rows = windows.slice(i, i + ROWS_PER_INSERT).map((w) => windowRow(w.summary, w.enqueued));
          const result = await trx
            .insertInto('device_windows')
            .values(rows)
            .onConflict((c) => c.doNothing())
            .executeTakeFirst();
          saved += Number(result.numInsertedOrUpdatedRows ?? 0);
        }
        await trx
          .insertInto('telemetry_cursors')
          .values({ source, cursor })
          .onConflict((c) => c.column('source').doUpdateSet({ cursor, updated_at: new Date() }))
          .execute();
        return saved;
      });
    },

    async windowsSinceReport({ digest, baseline }) {
      const mark = await db
        .selectFrom('monitor_marks')
        .select('up_to')
        .where('digest', '=', digest)
        .where('baseline', '=', baseline)
        .executeTakeFirst();
      const rows = await db
        .selectFrom('device_windows')
        .select(['id', 'summary'])
        .where('digest', '=', digest)
        .where('baseline', '=', baseline)
        .where('id', '>', mark?.up_to ?? '0')
        .orderBy('id')
        .execute();
      return { windows: rows.map((r) => r.summary), mark: rows.at(-1)?.id ?? null };
    },

    async saveReport(report, mark) {
      return db.transaction().execute(async (trx) => {
        await trx
          .insertInto('monitor_reports')
          .values({
            workflow_id: report.workflowId,
            run_id: report.runId,
            model: report.model,
            version: report.version,
            drift: report.drift,
            decision: report.report.decision,
            report: JSON.stringify(report.report),
            html: report.html,
            json: report.json,
          })
          .onConflict((c) => c.columns(['workflow_id', 'run_id']).doNothing())
          .execute();
        const { digest, baseline, upTo } = mark;
        if (upTo !== null)
          await trx
            .insertInto('monitor_marks')
            .values({ digest, baseline, up_to: upTo })
            .onConflict((c) =>
              c
                .columns(['digest', 'baseline'])
                .doUpdateSet({ up_to: sql`greatest(monitor_marks.up_to, ${upTo}::bigint)` }),
            )
            .execute();

        const row = await byRun(trx, report.workflowId, report.runId);
        if (row === undefined) throw new Error('the report that was just saved is not there');
        return storedReport(row);
      });
    },

    async reportOfRun(run) {
      const row = await byRun(db, run.workflowId, run.runId);
      return row === undefined ? undefined : storedReport(row);
    },

    async reports({ model, version, limit }) {
      let query = db.selectFrom('monitor_reports').selectAll().orderBy('id', 'desc').limit(limit);
      if (model !== undefined) query = query.where('model', '=', model);
      if (version !== undefined) query = query.where('version', '=', version);
      return (await query.execute()).map(storedReport);
    },

    async lastRetrain(model) {
      const row = await db
        .selectFrom('monitor_reports')
        .select('created_at')
        .where('model', '=', model)
        .where('decision', '=', 'retrain')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row?.created_at ?? null;
    },
  };
}
