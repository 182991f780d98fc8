import type { Comparison, ComparisonVerdict } from '../../contracts/build.ts';
import { addConfusions, f1Score } from '../evaluation/metrics.ts';
import { BOOTSTRAP_REPLICATES, pairedClusterBootstrap, type PairedGroup } from './paired-bootstrap.ts';

/** Fewest groups that an interval by resampling groups may rest on. */
export const MIN_COMPARISON_GROUPS = 4;

const points = (value: number): string => value.toFixed(4);

/**
 * Verdict by the interval of the difference and the margin m: above 0 SUPERIOR; not below −m NON_INFERIOR; wholly
 * below −m INFERIOR; otherwise INCONCLUSIVE. Source: CONSORT statement on non-inferiority trials (Piaggio et al. 2012).
 */
export function verdictOf(interval: readonly [number, number], margin: number): ComparisonVerdict {
  const [low, high] = interval;
  if (low > 0) return 'SUPERIOR';
  if (low >= -margin) return 'NON_INFERIOR';
  return high < -margin ? 'INFERIOR' : 'INCONCLUSIVE';
}

const VERDICT_REASONS: Record<'SUPERIOR' | 'NON_INFERIOR' | 'INFERIOR' | 'INCONCLUSIVE', string> = {
  SUPERIOR: 'the whole interval lies above zero',
  NON_INFERIOR: 'the interval stays above the margin',
  INFERIOR: 'the whole interval lies below the margin',
  INCONCLUSIVE: 'the interval reaches below the margin: a loss that matters cannot be excluded',
};

/** The first version of a model: nothing to compare with. */
export function noBaseline(
  metrics: { readonly f1: number; readonly rows: number; readonly groups: number },
  margin: number,
): Comparison {
  return {
    verdict: 'NO_BASELINE',
    metric: 'f1',
    champion: null,
    challenger: { value: metrics.f1 },
    difference: null,
    interval: null,
    margin,
    rows: metrics.rows,
    groups: metrics.groups,
    replicates: 0,
    reason: 'there is no champion yet: nothing to compare with',
  };
}

/** Challenger against champion on the same windows. `rows` counts scored windows. */
export function compareModels(
  paired: readonly PairedGroup[],
  options: {
    readonly championVersion: string;
    readonly margin: number;
    readonly seed: number;
    readonly rows: number;
  },
): Comparison {
  const champion = addConfusions(paired.map((g) => g.champion));
  const challenger = addConfusions(paired.map((g) => g.challenger));
  const known = {
    metric: 'f1' as const,
    champion: { version: options.championVersion, value: f1Score(champion) },
    challenger: { value: f1Score(challenger) },
    margin: options.margin,
    rows: options.rows,
    groups: paired.length,
  };
  const invalid = (reason: string): Comparison => ({
    ...known,
    verdict: 'INVALID',
    difference: paired.length === 0 ? null : known.challenger.value - known.champion.value,
    interval: null,
    replicates: 0,
    reason,
  });
  if (champion.tp + champion.fn === 0 || champion.tn + champion.fp === 0)
    return invalid('the common windows hold only one class: F1 says nothing about them');
  if (paired.length < MIN_COMPARISON_GROUPS)
    return invalid(
      `${paired.length} common group(s): resampling groups needs at least ${MIN_COMPARISON_GROUPS}`,
    );
  const { difference, interval } = pairedClusterBootstrap(paired, options.seed);
  const verdict = verdictOf(interval, options.margin);
  const why = VERDICT_REASONS[verdict as keyof typeof VERDICT_REASONS];
  return {
    ...known,
    verdict,
    difference,
    interval,
    replicates: BOOTSTRAP_REPLICATES,
    reason: `F1 difference ${points(difference)} to version ${options.championVersion}, 95 % interval ${points(interval[0])} to ${points(interval[1])}, margin ${options.margin}: ${why}`,
  };
}
