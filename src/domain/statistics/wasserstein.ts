/**
 * Wasserstein-1 distance ∫ |F₁(x) − F₂(x)| dx between two samples, in their unit; throws RangeError when one is empty. Source:
 * Ramdas, García Trillos & Cuturi 2017, "On Wasserstein two-sample testing", prop. 1.
 */
export function wassersteinDistance(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  if (a.length === 0 || b.length === 0) throw new RangeError('a distance needs values in both samples');
  let [i, j, distance] = [0, 0, 0];
  let previous = Math.min(a[0] as number, b[0] as number);
  while (i < a.length || j < b.length) {
    const x = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    distance += Math.abs(i / a.length - j / b.length) * (x - previous);
    while (i < a.length && a[i] === x) i += 1;
    while (j < b.length && b[j] === x) j += 1;
    previous = x;
  }
  return distance;
}
