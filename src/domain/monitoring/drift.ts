import type { ColumnDrift } from '../../contracts/monitoring/monitor.ts';
import type { MonitoringBaseline } from '../../contracts/device/window-summary.ts';
import type { MergedWindows } from './merge-windows.ts';
import { populationStabilityIndex } from '../statistics/psi.ts';
import { calibratedThreshold } from './calibrated-threshold.ts';

export interface DriftPolicy {
  readonly psiFloor: number;
  /** Fewest readings of a column that a verdict may rest on. */
  readonly minReadings: number;
}

interface Reference {
  readonly shares: readonly number[];
  readonly chunkPsi: readonly number[];
}

function judge(
  reference: Reference,
  observed: { column: string; counts: readonly number[]; meanShift: number | null },
  rule: { psiFloor: number; minimum: number },
): ColumnDrift {
  const n = observed.counts.reduce((a, b) => a + b, 0);
  const threshold = calibratedThreshold(reference.chunkPsi, rule.psiFloor);
  const psi = n === 0 ? null : populationStabilityIndex(reference.shares, observed.counts);
  const enough = threshold !== null && psi !== null && n >= rule.minimum;
  const status = !enough ? 'insufficient' : psi > threshold ? 'drift' : 'stable';
  return { column: observed.column, psi, threshold, status, n, meanShift: observed.meanShift };
}

/**
 * Data drift of each column: PSI of its normalised readings against the baseline's ten quantile
 * bins, with a threshold calibrated on reference chunks. `meanShift` is the shift of the mean in
 * standard deviations of the reference.
 */
export function columnDrift(
  merged: MergedWindows,
  baseline: MonitoringBaseline,
  policy: DriftPolicy,
): ColumnDrift[] {
  return Object.entries(baseline.columns).map(([name, reference]) => {
    const column = merged.columns[name];
    const counts = column?.bins ?? reference.shares.map(() => 0);
    const mean = column && column.n > 0 ? column.sum / column.n : null;
    const meanShift = mean === null || reference.std === 0 ? null : (mean - reference.mean) / reference.std;
    return judge(
      reference,
      { column: name, counts, meanShift },
      { psiFloor: policy.psiFloor, minimum: policy.minReadings },
    );
  });
}

/**
 * Prediction drift: PSI of the scores over ten equal bins. A score stands for a whole window, hence
 * fewer are needed.
 */
export function scoreDrift(
  merged: MergedWindows,
  baseline: MonitoringBaseline,
  policy: DriftPolicy,
): ColumnDrift {
  const counts = merged.scoreBins.length > 0 ? merged.scoreBins : baseline.score.shares.map(() => 0);
  const minimum = Math.max(30, Math.round(policy.minReadings / 60));
  return judge(
    baseline.score,
    { column: 'score', counts, meanShift: null },
    { psiFloor: policy.psiFloor, minimum },
  );
}

/**
 * Devices whose own windows are furthest from the baseline: mean PSI over columns, largest first.
 */
export function driftByDevice(
  perDevice: ReadonlyMap<string, MergedWindows>,
  baseline: MonitoringBaseline,
  limit: number,
): Array<{ device: string; psi: number; worstColumn: string }> {
  const rows = [...perDevice].map(([device, merged]) => {
    const columns = columnDrift(merged, baseline, { psiFloor: 0, minReadings: 0 });
    const worst = columns.reduce((a, b) => ((b.psi ?? 0) > (a.psi ?? 0) ? b : a));
    const psi = columns.reduce((sum, c) => sum + (c.psi ?? 0), 0) / columns.length;
    return { device, psi, worstColumn: worst.column };
  });
  return rows.sort((a, b) => b.psi - a.psi).slice(0, limit);
}
