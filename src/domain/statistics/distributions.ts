const SQRT_2_PI = Math.sqrt(2 * Math.PI);
/** Where the series of the middle hands over to the continued fraction of the tails. */
const MIDDLE = 1.5;

/** φ(z), the density of the standard normal distribution. */
const density = (z: number): number => Math.exp((-z * z) / 2) / SQRT_2_PI;

/**
 * P(0 < Z ≤ z) for |z| ≤ 1.5: φ(z) (z + z³/3 + z⁵/(3·5) + …), whose terms never cancel. Source:
 * Marsaglia 2004.
 */
function massFromZero(z: number): number {
  let [term, sum] = [z, 0];
  for (let odd = 3; odd < 61; odd += 2) {
    sum += term;
    term *= (z * z) / odd;
  }
  return density(z) * sum;
}

/**
 * φ(z) / P(Z > z) for z ≥ 1.5, by Laplace's continued fraction z + 1/(z + 2/(z + 3/…)). Source:
 * Abramowitz & Stegun 26.2.14.
 */
function tailHazard(z: number): number {
  let fraction = z;
  for (let k = 200; k >= 1; k -= 1) fraction = z + k / fraction;
  return fraction;
}

/** P(Z ≤ z) of the standard normal distribution; 0 where that is below the smallest double. */
export function normalCdf(z: number): number {
  if (z < -MIDDLE) return density(z) / tailHazard(-z);
  if (z > MIDDLE) return 1 - density(z) / tailHazard(z);
  return 0.5 + massFromZero(z);
}

const LOWER_TAIL = normalCdf(-MIDDLE);
/** Newton's steps double the digits that are right; the worst start has none. */
const NEWTON_STEPS = 8;

/**
 * z with P(Z ≤ z) = p of the standard normal distribution, by Newton's method; throws RangeError
 * unless 0 < p < 1.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a quantile needs a probability between 0 and 1, not ${p}`);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < LOWER_TAIL) {
    // On the logarithm of the tail, which is nearly a parabola and does not underflow.
    let z = Math.sqrt(-2 * Math.log(p));
    for (let step = 0; step < NEWTON_STEPS; step += 1) {
      const hazard = tailHazard(z);
      z -= ((z * z) / 2 + Math.log(p) + Math.log(SQRT_2_PI * hazard)) / hazard;
    }
    return -z;
  }
  let z = (p - 0.5) * SQRT_2_PI;
  for (let step = 0; step < NEWTON_STEPS; step += 1) z -= (massFromZero(z) - (p - 0.5)) / density(z);
  return z;
}

/** Two-sided p-value of a standard normal test statistic. */
export const normalTwoSided = (z: number): number => 2 * normalCdf(-Math.abs(z));

/**
 * P(X ≤ k) of the binomial distribution with n trials of probability ½; 0 where that is below the
 * smallest double. Takes time in proportion to n; throws RangeError unless both are counts.
 */
export function binomialHalfCdf(k: number, n: number): number {
  if (![k, n].every((count) => Number.isSafeInteger(count) && count >= 0))
    throw new RangeError(`a binomial distribution needs counts, not ${k} of ${n}`);
  if (k >= n) return 1;
  if (k > n / 2) return 1 - binomialHalfCdf(n - k - 1, n);
  // C(n, k) / 2ⁿ, halved as it grows so that nothing overflows; halving is exact.
  let [term, halvings] = [1, n];
  for (let i = 1; i <= k; i += 1) {
    term *= (n - k + i) / i;
    for (; term > 1 && halvings > 0; halvings -= 1) term /= 2;
  }
  term *= 2 ** -halvings;
  let sum = 0;
  for (let j = k; j >= 0 && term > sum * 1e-18; j -= 1) {
    sum += term;
    term *= j / (n - j + 1);
  }
  return sum;
}
