import { requireFinite } from './finite.ts';

/** Indices of the values in ascending order. */
export function ascending(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => (values[a] as number) - (values[b] as number));
}

/**
 * Rank of each value, from 1; tied values share the mean of their ranks. Throws RangeError unless
 * all are finite.
 */
export function midranks(values: ArrayLike<number>): Float64Array {
  requireFinite(values, 'values to rank');
  const order = ascending(values);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end += 1;
    for (let k = start; k < end; k += 1) ranks[order[k] as number] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}
