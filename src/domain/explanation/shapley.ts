import { seededRandom, shuffled } from '../../base/random.ts';

/** One order in which the columns change from a background window to the explained one. */
export interface Walk {
  readonly order: readonly number[];
  readonly background: number;
}

/**
 * What a walk's k-th step scores: the first k columns of its order from the explained window, the
 * others from the background.
 */
export interface Contribution {
  readonly value: number;
  readonly standardError: number;
}

/**
 * Orders to sample: antithetic pairs (an order and its reverse), each pair over one background, all
 * backgrounds equally often; `pairs` is rounded up to that. Source: Castro, Gómez & Tejada 2009;
 * antithetic pairs after Mitchell et al. 2022.
 */
export function shapleyWalks(size: {
  readonly columns: number;
  readonly backgrounds: number;
  readonly pairs: number;
  readonly seed: number;
}): Walk[] {
  const random = seededRandom(size.seed);
  const columns = Array.from({ length: size.columns }, (_, c) => c);
  const pairs = Math.ceil(size.pairs / size.backgrounds) * size.backgrounds;
  return Array.from({ length: pairs }, (_, i) => {
    const order = shuffled(columns, random);
    const background = i % size.backgrounds;
    return [
      { order, background },
      { order: order.toReversed(), background },
    ];
  }).flat();
}

/**
 * Shapley values from the scores along sampled walks (columns + 1 scores each): the mean change
 * that each column brings. They sum to the explained score minus the mean score of the backgrounds,
 * exactly.
 */
export function shapleyValues(
  walks: readonly Walk[],
  scores: readonly ArrayLike<number>[],
  columns: number,
): { readonly base: number; readonly contributions: Contribution[] } {
  const changes = Array.from({ length: columns }, () => new Float64Array(walks.length));
  let base = 0;
  for (const [w, { order }] of walks.entries()) {
    const own = scores[w] as ArrayLike<number>;
    base += (own[0] as number) / walks.length;
    order.forEach((column, k) => {
      (changes[column] as Float64Array)[w] = (own[k + 1] as number) - (own[k] as number);
    });
  }
  return { base, contributions: changes.map(pairedMean) };
}

/**
 * Mean of all changes; its standard error by the means of the antithetic pairs, which are
 * independent.
 */
function pairedMean(changes: Float64Array): Contribution {
  const pairs = Array.from(
    { length: changes.length / 2 },
    (_, i) => ((changes[2 * i] as number) + (changes[2 * i + 1] as number)) / 2,
  );
  const value = pairs.reduce((a, b) => a + b, 0) / pairs.length;
  const squares = pairs.reduce((sum, x) => sum + (x - value) ** 2, 0);
  const standardError = pairs.length < 2 ? 0 : Math.sqrt(squares / (pairs.length - 1) / pairs.length);
  return { value, standardError };
}
