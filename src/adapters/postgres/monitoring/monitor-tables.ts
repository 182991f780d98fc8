import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { MonitorReport } from '../../../contracts/monitoring/monitor.ts';
import type { WindowSummary } from '../../../contracts/device/window-summary.ts';

type Timestamp = ColumnType<Date, string | Date, never>;

export interface MonitorTables {
  telemetry_cursors: { source: string; cursor: string | null; updated_at: ColumnType<Date, never, Date> };
  device_windows: {
    id: Generated<string>;
    device_id: string;
    model: string;
    version: string;
    digest: string;
    baseline: string;
    seq: number;
    started_at: Timestamp;
    ended_at: Timestamp;
    enqueued_at: Timestamp;
    summary: JSONColumnType<WindowSummary>;
  };
  monitor_marks: { digest: string; baseline: string; up_to: string };
  monitor_reports: {
    id: Generated<string>;
    workflow_id: string;
    run_id: string;
    model: string;
    version: string;
    created_at: Generated<Date>;
    drift: boolean;
    decision: string;
    report: JSONColumnType<MonitorReport>;
    html: string;
    json: string;
  };
}
