import { randomIndex, seededRandom } from '../../base/random.ts';
import type { Interval } from './proportion-intervals.ts';
import { quantile } from './quantiles.ts';

export const BOOTSTRAP_REPLICATES = 2000;

/** A statistic on all clusters, and on resampled ones (sorted ascending). */
export interface Bootstrap {
  readonly value: number;
  readonly draws: Float64Array;
}

/**
 * Bootstrap over clusters: whole clusters are drawn with replacement, and every statistic sees the
 * same draw (so differences stay paired). `statistics` gets how often each cluster was drawn.
 * Throws RangeError without clusters, or when a statistic of a draw is NaN. Source: Field & Welsh
 * 2007, "Bootstrapping clustered data"; Efron & Tibshirani 1993, ch. 13.
 */
export function clusterBootstrap<K extends string>(
  clusters: number,
  statistics: (weights: Uint32Array) => Readonly<Record<K, number>>,
  options: { readonly seed: number; readonly replicates?: number },
): Record<K, Bootstrap> {
  if (clusters === 0) throw new RangeError('a bootstrap needs at least one cluster');
  const replicates = options.replicates ?? BOOTSTRAP_REPLICATES;
  const random = seededRandom(options.seed);
  const weights = new Uint32Array(clusters).fill(1);
  const whole = statistics(weights);
  const names = Object.keys(whole) as K[];
  const draws = names.map(() => new Float64Array(replicates));
  for (let r = 0; r < replicates; r += 1) {
    weights.fill(0);
    for (let i = 0; i < clusters; i += 1) {
      const drawn = randomIndex(random, clusters);
      weights[drawn] = (weights[drawn] as number) + 1;
    }
    const found = statistics(weights);
    names.forEach((name, k) => {
      // A NaN would count as above every bound.
      if (Number.isNaN(found[name])) throw new RangeError(`${name} is NaN in replicate ${r + 1}`);
      (draws[k] as Float64Array)[r] = found[name];
    });
  }
  return Object.fromEntries(
    names.map((name, k) => [name, { value: whole[name], draws: (draws[k] as Float64Array).sort() }]),
  ) as Record<K, Bootstrap>;
}

/** Percentile interval of a bootstrap, two-sided. */
export function percentileInterval({ draws }: Bootstrap, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  return [quantile(draws, tail), quantile(draws, 1 - tail)];
}

/**
 * One-sided p-value that the statistic is at most `bound`: (1 + draws at or below it) / (1 +
 * draws). Source: Davison & Hinkley 1997, §4.4.
 */
export function bootstrapAtMost({ draws }: Bootstrap, bound: number): number {
  const below = draws.reduce((n, x) => (x <= bound ? n + 1 : n), 0);
  return (1 + below) / (1 + draws.length);
}
