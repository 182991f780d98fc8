import type { ComparisonVerdict } from '../../contracts/build/comparison.ts';

/** Only a version that is at least not inferior, or the first, may be promoted. */
export function promotable(verdict: ComparisonVerdict): boolean {
  return verdict === 'SUPERIOR' || verdict === 'NON_INFERIOR' || verdict === 'NO_BASELINE';
}
