import { bdtr, chdtrc, compiled, ndtr, ndtri } from 'cephes';

// The functions are WebAssembly: they answer once it is compiled.
await compiled;

/** A probability too small for a double is 0, as in scipy; Cephes calls it an error. */
function orZero(probability: () => number): number {
  try {
    return probability();
  } catch (error) {
    if (error instanceof Error && error.message.includes('underflow')) return 0;
    throw error;
  }
}

/** P(Z ≤ z) of the standard normal distribution. Source: Cephes (S. Moshier), as in scipy.special. */
export const normalCdf = (z: number): number => orZero(() => ndtr(z));

/** z with P(Z ≤ z) = p of the standard normal distribution, 0 < p < 1. */
export const normalQuantile = (p: number): number => ndtri(p);

/** Two-sided p-value of a standard normal test statistic. */
export const normalTwoSided = (z: number): number => 2 * normalCdf(-Math.abs(z));

/** P(X > x) of the chi-square distribution with `df` degrees of freedom. */
export const chiSquareUpper = (x: number, df: number): number => orZero(() => chdtrc(df, x));

/** P(X ≤ k) of the binomial distribution: k of n successes, each with probability p. */
export const binomialCdf = (k: number, n: number, p: number): number =>
  k >= n ? 1 : orZero(() => bdtr(k, n, p));
