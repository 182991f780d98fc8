import type { Reliability, ReliabilityBin } from '../../contracts/build/evaluation.ts';
import { midranks } from '../statistics/ranks.ts';

export const RELIABILITY_BINS = 15;

/**
 * Brier score, reliability curve and expected calibration error over 15 bins of equal mass (Nixon
 * et al. 2019): a window of midrank r among n is in bin ⌊15 (r − ½) / n⌋, so equal scores are never
 * split. Null without windows, or when a score is no probability.
 */
export function reliability(scores: ArrayLike<number>, labels: ArrayLike<number>): Reliability | null {
  const n = scores.length;
  if (n === 0 || !Array.from(scores).every((score) => score >= 0 && score <= 1)) return null;
  const sums = Array.from({ length: RELIABILITY_BINS }, () => ({ score: 0, anomalies: 0, n: 0 }));
  let squares = 0;
  for (const [i, rank] of midranks(scores).entries()) {
    const score = scores[i] as number;
    const label = labels[i] === 1 ? 1 : 0;
    squares += (score - label) ** 2;
    const bin = sums[Math.floor((RELIABILITY_BINS * (rank - 0.5)) / n)] as (typeof sums)[number];
    bin.score += score;
    bin.anomalies += label;
    bin.n += 1;
  }
  const bins = sums
    .filter((b) => b.n > 0)
    .map((b): ReliabilityBin => ({ score: b.score / b.n, observed: b.anomalies / b.n, n: b.n }));
  const ece = bins.reduce((sum, b) => sum + (b.n / n) * Math.abs(b.score - b.observed), 0);
  return { brier: squares / n, ece, bins };
}
