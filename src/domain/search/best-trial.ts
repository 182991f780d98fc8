import type { TrialResult } from '../../contracts/build/search.ts';

/** Highest metric first, the earlier one where two are equal; those without a metric last. */
export function rankedTrials(trials: readonly TrialResult[]): TrialResult[] {
  return trials.toSorted((a, b) => (b.metric ?? -1) - (a.metric ?? -1) || a.trial - b.trial);
}

/**
 * The trial with the highest metric; the earlier one where two are equal. Undefined when none came
 * to its end.
 */
export function bestTrial(trials: readonly TrialResult[]): TrialResult | undefined {
  return rankedTrials(trials.filter((t) => t.metric !== null))[0];
}

/** `rate 0.1, depth 4` */
export function describeParams(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

/** One line about a search that runs or has ended. */
export function describeSearch(trials: readonly TrialResult[], of: number): string {
  const lost = (['failed', 'cancelled'] as const).flatMap((status) => {
    const count = trials.filter((t) => t.status === status).length;
    return count === 0 ? [] : [`, ${count} ${status}`];
  });
  const best = bestTrial(trials);
  return [
    `${trials.length} of ${of} trials${lost.join('')}`,
    ...(best === undefined
      ? []
      : [`best F1 ${best.metric?.toFixed(4)} by trial ${best.trial}: ${describeParams(best.params)}`]),
  ].join('; ');
}
