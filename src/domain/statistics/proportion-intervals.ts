import { normalQuantile } from './distributions.ts';

export type Interval = readonly [low: number, high: number];

const deviate = (confidence: number): number => normalQuantile(1 - (1 - confidence) / 2);

/**
 * Wilson's score interval of k successes among n, two-sided; [0, 1] when n is 0. Throws RangeError
 * unless 0 ≤ k ≤ n. Source: Wilson 1927.
 */
export function wilsonInterval(k: number, n: number, confidence = 0.95): Interval {
  if (!(k >= 0 && k <= n && n < Infinity)) throw new RangeError(`${k} of ${n} is no proportion`);
  if (n === 0) return [0, 1];
  const z = deviate(confidence);
  const p = k / n;
  const centre = p + (z * z) / (2 * n);
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [
    k === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    k === n ? 1 : Math.min(1, (centre + spread) / scale),
  ];
}

/** The four counts of paired yes/no answers: both, only the first, only the second, neither. */
export interface PairedCounts {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/**
 * Correlation of the pairs with Newcombe's continuity correction of a positive product; 0 when a
 * margin is empty.
 */
function correlation({ both: a, onlyFirst: b, onlySecond: c, neither: d }: PairedCounts): number {
  const n = a + b + c + d;
  const margins = (a + b) * (c + d) * (a + c) * (b + d);
  if (margins === 0) return 0;
  const product = a * d - b * c;
  const corrected = product > n / 2 ? product - n / 2 : product > 0 ? 0 : product;
  return corrected / Math.sqrt(margins);
}

/**
 * Newcombe's hybrid score interval of p₁ − p₂ for pairs; throws RangeError without pairs. Source:
 * Newcombe 1998, Stat. Med. 17:2635, method 10.
 */
export function newcombePaired(counts: PairedCounts, confidence = 0.95): Interval {
  const { both, onlyFirst, onlySecond, neither } = counts;
  const n = both + onlyFirst + onlySecond + neither;
  if (!(n > 0)) throw new RangeError('an interval of paired answers needs at least one pair');
  const [k1, k2] = [both + onlyFirst, both + onlySecond];
  const [l1, u1] = wilsonInterval(k1, n, confidence);
  const [l2, u2] = wilsonInterval(k2, n, confidence);
  const [p1, p2, phi] = [k1 / n, k2 / n, correlation(counts)];
  const side = (x: number, y: number): number => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  const difference = (onlyFirst - onlySecond) / n;
  return [difference - side(p1 - l1, u2 - p2), difference + side(u1 - p1, p2 - l2)];
}
