/**
 * Throws RangeError naming what holds a NaN or an infinity: a statistic would be silently wrong on
 * it.
 */
export function requireFinite(values: ArrayLike<number>, name: string): void {
  for (let i = 0; i < values.length; i += 1)
    if (!Number.isFinite(values[i]))
      throw new RangeError(
        `${name} must be finite numbers: number ${i + 1} of ${values.length} is ${values[i]}`,
      );
}

/**
 * A sorted copy of a sample; throws RangeError naming it when it is empty or holds a NaN or an
 * infinity.
 */
export function sortedSample(values: ArrayLike<number>, name: string): Float64Array {
  if (values.length === 0) throw new RangeError(`${name} must hold at least one value`);
  requireFinite(values, name);
  return Float64Array.from(values).sort();
}
