import type { MonitorReport } from '../../contracts/monitoring/monitor.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { MonitoringBaseline, WindowSummary } from '../../contracts/device/window-summary.ts';
import { dataQualityGates } from './data-quality.ts';
import { columnDrift, driftByDevice, scoreDrift } from './drift.ts';
import { alarmShare } from './alarm-share.ts';
import { mergeWindows, type MergedWindows } from './merge-windows.ts';
import { decide } from './retrain-policy.ts';

export interface AnalysisInput {
  readonly model: string;
  readonly version: string;
  readonly windows: readonly WindowSummary[];
  readonly baseline: MonitoringBaseline;
  readonly policy: ProjectSpec['monitoring'];
  /** Probability at or above which a window is an alarm. */
  readonly threshold: number;
  /** Whether each earlier report of this version saw drift, newest first. */
  readonly earlierDrift: readonly boolean[];
  readonly secondsSinceLastRetrain: number | null;
}

export interface Analysis {
  readonly report: MonitorReport;
  readonly merged: MergedWindows;
  readonly drift: boolean;
  /** At least one column had enough readings: the windows count as reported on. */
  readonly conclusive: boolean;
  readonly devices: ReturnType<typeof driftByDevice>;
}

const WORST_DEVICES = 8;

/**
 * Something was judged; one dead sensor must not stop the monitoring of the others (a quality gate
 * reports it).
 */
export function isConclusive(report: Pick<MonitorReport, 'columns'>): boolean {
  return report.columns.some((c) => c.status !== 'insufficient');
}

function byDevice(windows: readonly WindowSummary[]): Map<string, MergedWindows> {
  const groups = Map.groupBy(windows, (w) => w.device);
  return new Map([...groups].map(([device, own]) => [device, mergeWindows(own)]));
}

/**
 * From the windows since the last report to quality, drift, estimated performance and one decision.
 */
export function analyse(input: AnalysisInput): Analysis {
  const { baseline, policy } = input;
  const merged = mergeWindows(input.windows);
  const columns = columnDrift(merged, baseline, policy);
  const score = scoreDrift(merged, baseline, policy);
  const decision = decide(
    {
      columns,
      score,
      earlierDrift: input.earlierDrift,
      alarmShare: {
        reference: alarmShare(baseline.score.shares, input.threshold),
        now: alarmShare(merged.scoreBins, input.threshold),
      },
      secondsSinceLastRetrain: input.secondsSinceLastRetrain,
    },
    policy,
  );
  const report: MonitorReport = {
    model: input.model,
    version: input.version,
    windows: merged.windows,
    devices: merged.devices.length,
    from: merged.from,
    to: merged.to,
    columns,
    score,
    gates: dataQualityGates(merged),
    decision: decision.decision,
    arithmetic: decision.arithmetic,
  };
  return {
    report,
    merged,
    drift: decision.drift,
    conclusive: isConclusive(report),
    devices: driftByDevice(byDevice(input.windows), baseline, WORST_DEVICES),
  };
}
