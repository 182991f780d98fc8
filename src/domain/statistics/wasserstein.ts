import { sortedSample } from './finite.ts';

/**
 * Wasserstein-1 distance ∫ |F₁(x) − F₂(x)| dx between two samples, in their unit; throws RangeError
 * when one is empty or not finite. For the rule of numeric drift: over the reference's standard
 * deviation it is the drift's size, beside the PSI. Source: Ramdas, García Trillos & Cuturi 2017,
 * "On Wasserstein two-sample testing", prop. 1.
 */
export function wassersteinDistance(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const a = sortedSample(first, 'the first sample');
  const b = sortedSample(second, 'the second sample');
  let [i, j, distance] = [0, 0, 0];
  let previous = Math.min(a[0] as number, b[0] as number);
  while (i < a.length || j < b.length) {
    const x = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    const height = Math.abs(i / a.length - j / b.length);
    // Between equal heights the width, which may overflow, does not matter.
    if (height > 0) distance += height * (x - previous);
    while (i < a.length && a[i] === x) i += 1;
    while (j < b.length && b[j] === x) j += 1;
    previous = x;
  }
  return distance;
}
