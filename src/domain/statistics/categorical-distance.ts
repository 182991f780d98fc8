/** Shares of counts or weights per category; throws RangeError when both sides differ in length or one has no mass. */
function sharesOf(p: readonly number[], q: readonly number[]): [number[], number[]] {
  if (p.length !== q.length)
    throw new RangeError(`distributions over the same categories are needed: ${p.length} and ${q.length}`);
  const normal = (weights: readonly number[]): number[] => {
    const total = weights.reduce((a, b) => a + b, 0);
    if (!(total > 0)) throw new RangeError('a distribution needs a positive total');
    return weights.map((w) => w / total);
  };
  return [normal(p), normal(q)];
}

/**
 * Jensen–Shannon distance, 0..1: the root of the mean Kullback–Leibler divergence, in bits, from both distributions to their
 * mixture. Source: Endres & Schindelin 2003, "A new metric for probability distributions".
 */
export function jensenShannonDistance(p: readonly number[], q: readonly number[]): number {
  const [first, second] = sharesOf(p, q);
  const bits = (a: number, mixture: number): number => (a === 0 ? 0 : a * Math.log2(a / mixture));
  const divergence = first.reduce((sum, a, i) => {
    const b = second[i] as number;
    const mixture = (a + b) / 2;
    return sum + (bits(a, mixture) + bits(b, mixture)) / 2;
  }, 0);
  return Math.sqrt(Math.max(0, divergence));
}

/** Largest difference of a category's share, 0..1 (Chebyshev distance). */
export function largestShareDifference(p: readonly number[], q: readonly number[]): number {
  const [first, second] = sharesOf(p, q);
  return first.reduce((largest, a, i) => Math.max(largest, Math.abs(a - (second[i] as number))), 0);
}
