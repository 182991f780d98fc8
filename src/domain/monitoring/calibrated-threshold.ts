import { requireFinite } from '../statistics/finite.ts';

/** Fewest reference chunks that a threshold may rest on. */
export const MIN_REFERENCE_CHUNKS = 6;

/**
 * Alarm threshold: max(floor, mean + 3 standard deviations) of the PSI that healthy reference
 * chunks of the same length show against the whole reference. Null with fewer than six chunks: then
 * nothing can be said. Throws RangeError when a PSI is not finite, because nothing would ever be
 * above such a threshold.
 */
export function calibratedThreshold(chunkPsi: readonly number[], floor: number): number | null {
  requireFinite(chunkPsi, 'the PSI of reference chunks');
  const n = chunkPsi.length;
  if (n < MIN_REFERENCE_CHUNKS) return null;
  const mean = chunkPsi.reduce((a, b) => a + b, 0) / n;
  const variance = chunkPsi.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  return Math.max(floor, mean + 3 * Math.sqrt(variance));
}
