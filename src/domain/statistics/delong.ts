import { normalTwoSided } from './distributions.ts';
import { midranks } from './ranks.ts';

/** Areas under two ROC curves of the same cases, and the test that they are equal. */
export interface DeLongTest {
  readonly first: number;
  readonly second: number;
  readonly difference: number;
  /** Of the difference second − first. */
  readonly variance: number;
  readonly z: number;
  readonly p: number;
}

/**
 * Structural components: per positive the share of negatives below it, per negative the share of
 * positives above it.
 */
interface Components {
  readonly auc: number;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

function components(scores: ArrayLike<number>, labels: ArrayLike<number>): Components {
  const chosen = (label: 0 | 1): number[] =>
    Array.from(scores).filter((_, i) => (labels[i] === 1 ? 1 : 0) === label);
  const [above, below] = [chosen(1), chosen(0)];
  const [m, n] = [above.length, below.length];
  if (m < 2 || n < 2) throw new RangeError('DeLong needs at least two cases of each class');
  const together = midranks([...above, ...below]);
  const [ownAbove, ownBelow] = [midranks(above), midranks(below)];
  const positives = ownAbove.map((own, i) => ((together[i] as number) - own) / n);
  const negatives = ownBelow.map((own, j) => 1 - ((together[m + j] as number) - own) / m);
  return { auc: positives.reduce((a, b) => a + b, 0) / m, positives, negatives };
}

function covariance(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((x, y) => x + y, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  return a.reduce((sum, x, i) => sum + (x - meanA) * ((b[i] as number) - meanB), 0) / (a.length - 1);
}

const joint = (a: Components, b: Components): number =>
  covariance(a.positives, b.positives) / a.positives.length +
  covariance(a.negatives, b.negatives) / a.negatives.length;

/**
 * DeLong's paired test of two scores of the same cases (label 1 is positive), which count as
 * independent; equal scores give z = 0, p = 1. Throws RangeError with fewer than two cases of a
 * class, or a score that is not finite. Source: DeLong, DeLong & Clarke-Pearson 1988, by midranks
 * (Sun & Xu 2014).
 */
export function deLongTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
): DeLongTest {
  const [a, b] = [components(first, labels), components(second, labels)];
  const difference = b.auc - a.auc;
  const variance = Math.max(0, joint(a, a) + joint(b, b) - 2 * joint(a, b));
  const z = difference === 0 ? 0 : difference / Math.sqrt(variance);
  return { first: a.auc, second: b.auc, difference, variance, z, p: normalTwoSided(z) };
}
