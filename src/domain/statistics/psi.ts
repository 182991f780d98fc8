import { requireFinite } from './finite.ts';

/**
 * Smallest share that enters the logarithm, so that an empty bin gives a large but finite value.
 */
export const PSI_SHARE_FLOOR = 1e-4;

/**
 * Population stability index Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) over bins, with shares floored at 1e-4.
 * Expected: shares that sum to 1; observed: counts of the same bins. Null without observations;
 * throws RangeError when bins differ or are not finite. Source: Siddiqi, Credit Risk Scorecards
 * (2006), ch. 9.
 */
export function populationStabilityIndex(
  expected: readonly number[],
  observed: readonly number[],
): number | null {
  if (expected.length !== observed.length)
    throw new RangeError(
      `PSI needs the same bins on both sides: ${expected.length} expected, ${observed.length} observed`,
    );

  requireFinite(expected, 'expected shares');
  requireFinite(observed, 'observed counts');
  const total = observed.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  return expected.reduce((psi, share, i) => {
    const e = Math.max(share, PSI_SHARE_FLOOR);
    const a = Math.max((observed[i] ?? 0) / total, PSI_SHARE_FLOOR);
    return psi + (a - e) * Math.log(a / e);
  }, 0);
}
