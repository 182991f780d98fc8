import { createMonitoringActivities } from '../activities/monitoring/monitoring-activities.ts';
import { createMonitorStore } from '../src/adapters/postgres/monitoring/monitor-store.ts';
import { monitorReportHtml } from '../src/reports/monitor-report.ts';
import type { QueueSetup, WorkerContext } from './context.ts';
import { openTelemetrySource } from './hub.ts';

/** The `monitoring` queue: device windows, reports and decisions. */
export function createMonitoringQueue(context: WorkerContext): QueueSetup {
  const { db, registry, artefacts, clock, config } = context;
  return {
    activities: createMonitoringActivities({
      store: createMonitorStore(db),
      telemetry: openTelemetrySource(config),
      registry,
      artefacts,
      clock,
      renderReport: monitorReportHtml,
    }),
  };
}
