import { sortedSample } from './finite.ts';

/**
 * D = sup |F₁ − F₂|, with its two-sided p-values; `pExact` is null where counting paths would take
 * too long.
 */
export interface KolmogorovSmirnov {
  readonly statistic: number;
  /** From Kolmogorov's limit distribution at √(mn/(m+n)) · D. */
  readonly pAsymptotic: number;
  readonly pExact: number | null;
}

/** Most cells m · n of the path lattice that an exact p-value is counted over. */
const MAX_EXACT_CELLS = 1_000_000;

/**
 * Kolmogorov's limit P(K > x): the alternating series, or for small x its theta-transformed twin.
 * Source: Kolmogorov 1933.
 */
function kolmogorovUpper(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1) {
    for (let k = 1; k <= 20; k += 1) sum += Math.exp((-((2 * k - 1) ** 2) * Math.PI ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k <= 20; k += 1) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return Math.max(0, Math.min(1, 2 * sum));
}

/** Largest |F₁ − F₂| as the whole number D · m · n, so that ties and equality are exact. */
function scaledStatistic(a: Float64Array, b: Float64Array): number {
  const [m, n] = [a.length, b.length];
  let [i, j, largest] = [0, 0, 0];
  while (i < m && j < n) {
    const x = Math.min(a[i] as number, b[j] as number);
    while (i < m && a[i] === x) i += 1;
    while (j < n && b[j] === x) j += 1;
    largest = Math.max(largest, Math.abs(i * n - j * m));
  }
  return largest;
}

/**
 * P(D ≥ d) under equal continuous distributions: the probability that a random lattice path from
 * (0, 0) to (m, n) leaves the band |i·n − j·m| < h. Each step's probability is that of drawing
 * without replacement, so nothing over- or underflows. Source: Hodges 1958, "The significance
 * probability of the Smirnov two-sample test".
 */
function pathsLeaving(m: number, n: number, h: number): number {
  const leaves = (i: number, j: number): boolean => Math.abs(i * n - j * m) >= h;
  // left[j]: probability that the path from (i, j) to the end leaves the band, for the current i,
  // walked backwards.
  const left = new Float64Array(n + 1);
  for (let i = m; i >= 0; i -= 1)
    for (let j = n; j >= 0; j -= 1)
      if (leaves(i, j)) {
        left[j] = 1;
      } else if (i === m && j === n) {
        left[j] = 0;
      } else {
        const [up, across] = [m - i, n - j];
        const onward = j < n ? (left[j + 1] as number) : 0;
        left[j] = ((left[j] as number) * up + onward * across) / (up + across);
      }

  return left[0] as number;
}

/**
 * Two-sample Kolmogorov–Smirnov test, two-sided; throws RangeError when a sample is empty or not
 * finite. For the rule of numeric drift: a test without bins, beside which the false-alarm rate and
 * the power of the PSI are measured.
 */
export function kolmogorovSmirnov(first: ArrayLike<number>, second: ArrayLike<number>): KolmogorovSmirnov {
  const [m, n] = [first.length, second.length];
  const h = scaledStatistic(
    sortedSample(first, 'the first sample'),
    sortedSample(second, 'the second sample'),
  );
  const statistic = h / (m * n);
  return {
    statistic,
    pAsymptotic: kolmogorovUpper(Math.sqrt((m * n) / (m + n)) * statistic),
    pExact: m * n > MAX_EXACT_CELLS ? null : h === 0 ? 1 : pathsLeaving(m, n, h),
  };
}
