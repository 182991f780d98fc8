import { SCORE_EDGES } from '../../contracts/device/window-summary.ts';
import { requireFinite } from '../statistics/finite.ts';

const LOWER_EDGES = [0, ...SCORE_EDGES];

/**
 * Share of scores at or above the alarm threshold, from counts or shares per score bin; a bin
 * counts as a whole by its centre. Null without scores; throws RangeError when a weight is not
 * finite. On the baseline, which holds windows in good order only, it is the false alarm rate.
 */
export function alarmShare(weights: readonly number[], threshold: number): number | null {
  requireFinite(weights, 'score bins');
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  const alarms = weights.filter((_, i) => (LOWER_EDGES[i] ?? 0) + 0.05 >= threshold);
  return alarms.reduce((a, b) => a + b, 0) / total;
}
