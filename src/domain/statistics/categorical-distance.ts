import { requireFinite } from './finite.ts';

/**
 * Shares of counts or weights per category; RangeError for other lengths, a weight below 0, or no
 * total.
 */
function sharesOf(p: readonly number[], q: readonly number[]): [number[], number[]] {
  if (p.length !== q.length)
    throw new RangeError(`distributions over the same categories are needed: ${p.length} and ${q.length}`);
  const normal = (weights: readonly number[], name: string): number[] => {
    requireFinite(weights, name);
    if (weights.some((w) => w < 0)) throw new RangeError(`${name} must not be below 0`);
    const total = weights.reduce((a, b) => a + b, 0);
    if (!(total > 0 && total < Infinity))
      throw new RangeError(`${name} must have a positive, finite total, not ${total}`);
    return weights.map((w) => w / total);
  };
  return [
    normal(p, 'the weights of the first distribution'),
    normal(q, 'the weights of the second distribution'),
  ];
}

/**
 * Jensen–Shannon distance, 0..1: the root of the mean Kullback–Leibler divergence, in bits, from
 * both distributions to their mixture; throws RangeError where weights are no distribution over the
 * same categories. For the rule of categorical drift, beside L∞. Source: Endres & Schindelin 2003,
 * "A new metric for probability distributions".
 */
export function jensenShannonDistance(p: readonly number[], q: readonly number[]): number {
  const [first, second] = sharesOf(p, q);
  const bits = (a: number, other: number): number => (a === 0 ? 0 : a * Math.log2((2 * a) / (a + other)));
  const divergence = first.reduce((sum, a, i) => {
    const b = second[i] as number;
    return sum + (bits(a, b) + bits(b, a)) / 2;
  }, 0);
  return Math.sqrt(Math.max(0, divergence));
}

/**
 * L∞: the largest difference of a category's share, 0..1 (Chebyshev distance); throws RangeError as
 * the distance above. For the rule of categorical drift: its size in points of share.
 */
export function largestShareDifference(p: readonly number[], q: readonly number[]): number {
  const [first, second] = sharesOf(p, q);
  return first.reduce((largest, a, i) => Math.max(largest, Math.abs(a - (second[i] as number))), 0);
}
