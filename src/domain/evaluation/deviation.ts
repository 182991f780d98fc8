import type { GroupRows, MeanStd } from './group-rows.ts';

/**
 * The z-score rule raises the alarm from this many standard deviations on: Shewhart's three-sigma
 * limit (1931).
 */
export const Z_LIMIT = 3;

/**
 * Largest |x − mean| / std of any column in each of the given rows, by the group's own calibration;
 * to 4 decimals, since it is kept as JSON.
 */
export function deviations(
  data: Pick<GroupRows, 'values'>,
  calibration: MeanStd,
  rows: readonly number[],
): number[] {
  const columns = calibration.mean.length;
  return rows.map((row) => {
    let largest = 0;
    for (let c = 0; c < columns; c += 1) {
      const x = data.values[row * columns + c] as number;
      const z = Math.abs(x - (calibration.mean[c] as number)) / (calibration.std[c] as number);
      largest = Math.max(largest, z);
    }
    return Math.round(largest * 1e4) / 1e4;
  });
}

/** Median time between neighbouring rows, in seconds; null without two readable times that rise. */
export function secondsPerRow(times: ArrayLike<number>): number | null {
  const gaps: number[] = [];
  for (let i = 1; i < times.length; i += 1) {
    const gap = ((times[i] as number) - (times[i - 1] as number)) / 1000;
    if (gap > 0) gaps.push(gap);
  }
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? null;
}
