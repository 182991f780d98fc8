import { binomialHalfCdf, normalTwoSided } from './distributions.ts';

/** McNemar's test of paired right/wrong answers, by the cases that only one of both got right. */
export interface McNemarTest {
  /** Cases that only the first, and only the second got right. */
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Two-sided binomial. */
  readonly pExact: number;
  /** Chi-square with one degree of freedom and Edwards' continuity correction. */
  readonly statistic: number;
  readonly pCorrected: number;
}

/**
 * McNemar's test from its two counts of discordant cases, without which p is 1; throws RangeError
 * unless both are counts. Source: McNemar 1947; continuity correction (|b − c| − 1)² / (b + c)
 * after Edwards 1948.
 */
export function mcNemarTest(onlyFirst: number, onlySecond: number): McNemarTest {
  const discordant = onlyFirst + onlySecond;
  const least = Math.min(onlyFirst, onlySecond);
  const statistic =
    discordant === 0 ? 0 : Math.max(0, Math.abs(onlyFirst - onlySecond) - 1) ** 2 / discordant;
  return {
    onlyFirst,
    onlySecond,
    pExact: Math.min(1, 2 * binomialHalfCdf(least, discordant)),
    statistic,
    // A chi-square with one degree of freedom is the square of a standard normal.
    pCorrected: normalTwoSided(Math.sqrt(statistic)),
  };
}
