/**
 * Quantile q (0..1) of sorted values by linear interpolation; throws RangeError where there is
 * none. Source: type 7 of Hyndman & Fan 1996, the default of numpy and R.
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) throw new RangeError('a quantile needs at least one value');
  const position = (sorted.length - 1) * q;
  const low = Math.floor(position);
  const below = sorted[low] as number;
  const above = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  const value = below + (above - below) * (position - low);
  if (Number.isNaN(value)) throw new RangeError(`no quantile ${q} between ${below} and ${above}`);
  return value;
}

/** Nine inner edges at the deciles. */
export function decileEdges(sorted: ArrayLike<number>): number[] {
  return Array.from({ length: 9 }, (_, i) => quantile(sorted, (i + 1) / 10));
}

/**
 * Bin of a value: the number of edges that are not above it (edges[i−1] ≤ x < edges[i]); RangeError
 * for NaN, which is in none.
 */
export function binOf(value: number, edges: readonly number[]): number {
  if (Number.isNaN(value)) throw new RangeError('NaN is in no bin');
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] as number)) bin += 1;
  return bin;
}

/** Counts per bin (edges.length + 1 of them). */
export function histogram(values: Iterable<number>, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const bin = binOf(value, edges);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/**
 * The smallest of the sorted values that a share q of them does not exceed (nearest rank); NaN
 * without values.
 */
export function nearestRank(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
