import type { MonitorReport } from '../contracts/monitoring/monitor.ts';
import type { WindowSummary } from '../contracts/device/window-summary.ts';
import type { RunIdentity } from '../contracts/build/source.ts';

export interface StoredReport extends RunIdentity {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly createdAt: string;
  readonly drift: boolean;
  readonly report: MonitorReport;
  readonly html: string;
  readonly json: string;
}

/**
 * Digests of the model file that scored the windows, and of the baseline whose bin edges they were
 * counted on.
 */
export interface WindowsOf {
  readonly digest: string;
  readonly baseline: string;
}

/** Device windows as they arrive, how far they have been read, and the reports made of them. */
export interface MonitorStore {
  cursor(source: string): Promise<string | null>;
  /**
   * Saves windows and the cursor behind them in one transaction; a window that is known already is
   * not counted.
   */
  saveWindows(
    source: string,
    cursor: string | null,
    windows: ReadonlyArray<{ summary: WindowSummary; enqueued: string }>,
  ): Promise<number>;
  /**
   * Windows of a model file, binned on one baseline, that arrived since their last report, late
   * ones included, with the mark behind them.
   */
  windowsSinceReport(of: WindowsOf): Promise<{ windows: WindowSummary[]; mark: string | null }>;
  /**
   * Saves the report of this run, and moves the mark unless the report found too little to judge;
   * once per run.
   */
  saveReport(
    report: Omit<StoredReport, 'id' | 'createdAt'>,
    mark: WindowsOf & { readonly upTo: string | null },
  ): Promise<StoredReport>;
  reportOfRun(run: RunIdentity): Promise<StoredReport | undefined>;
  /** Newest first. */
  reports(filter: { model?: string; version?: string; limit: number }): Promise<StoredReport[]>;
  /**
   * Seconds-precision time of the newest retrain that monitoring started for this model, or null.
   */
  lastRetrain(model: string): Promise<Date | null>;
}
