import { SCORE_EDGES } from '../../contracts/window-summary.ts';

const BIN_CENTRES = [0, ...SCORE_EDGES].map((edge) => edge + 0.05);

/**
 * F1 that calibrated scores lead one to expect without labels: a window with score p is a true alarm with probability
 * p. Confidence-based performance estimation on ten score bins (centres stand for their bins). Weights are counts or
 * shares per bin; null when no window is expected to be positive or alarmed.
 */
export function estimatedF1(weights: readonly number[], threshold: number): number | null {
  let truePositive = 0;
  let falsePositive = 0;
  let falseNegative = 0;
  weights.forEach((weight, i) => {
    const p = BIN_CENTRES[i] ?? 0;
    if (p >= threshold) {
      truePositive += weight * p;
      falsePositive += weight * (1 - p);
    } else {
      falseNegative += weight * p;
    }
  });
  const denominator = 2 * truePositive + falsePositive + falseNegative;
  return denominator === 0 ? null : (2 * truePositive) / denominator;
}
