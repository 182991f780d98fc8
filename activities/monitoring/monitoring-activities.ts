import type { ResolvedMonitorInput } from '../../src/contracts/monitoring/monitor.ts';
import type { TelemetrySource } from '../../src/ports/telemetry-source.ts';
import { analyseWindows, type AnalyseDeps, type AnalysedModel } from './analyse-windows.ts';
import { ingestTelemetry, type IngestResult } from './ingest-telemetry.ts';

export interface MonitoringDeps extends AnalyseDeps {
  readonly telemetry: TelemetrySource;
}

/** Activities of the `monitoring` task queue. */
export function createMonitoringActivities(deps: MonitoringDeps) {
  return {
    ingestTelemetry: (): Promise<IngestResult> => ingestTelemetry(deps),
    analyseWindows: (input: ResolvedMonitorInput): Promise<AnalysedModel> => analyseWindows(deps, input),
  };
}

export type MonitoringActivities = ReturnType<typeof createMonitoringActivities>;
