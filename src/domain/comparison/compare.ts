import type { Comparison, ComparisonVerdict } from '../../contracts/build/comparison.ts';
import type { GuardrailResult } from '../../contracts/build/comparison.ts';
import { f1Score } from '../evaluation/metrics.ts';
import { referenceRules, ruleResult } from '../evaluation/rules.ts';
import {
  BOOTSTRAP_REPLICATES,
  clusterBootstrap,
  percentileInterval,
} from '../statistics/cluster-bootstrap.ts';
import { diagnose } from './diagnostics.ts';
import { guards, judgeGuards, type GuardrailPlan } from './guardrails.ts';
import { pairedCounts, pooled, type PairedGroup, type Side } from './paired-groups.ts';

/** Fewest groups that an interval by resampling groups may rest on. */
export const MIN_COMPARISON_GROUPS = 4;

const points = (value: number): string => value.toFixed(4);

/**
 * Verdict by the interval of the difference and the margin m: above 0 SUPERIOR; not below −m
 * NON_INFERIOR; wholly below −m INFERIOR; otherwise INCONCLUSIVE. Source: CONSORT statement on
 * non-inferiority trials (Piaggio et al. 2012).
 */
export function verdictOf(interval: readonly [number, number], margin: number): DecidedVerdict {
  const [low, high] = interval;
  if (low > 0) return 'SUPERIOR';
  if (low >= -margin) return 'NON_INFERIOR';
  return high < -margin ? 'INFERIOR' : 'INCONCLUSIVE';
}

type DecidedVerdict = Exclude<ComparisonVerdict, 'INVALID' | 'NO_BASELINE'>;

const VERDICT_REASONS: Record<DecidedVerdict, string> = {
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

export interface ComparisonPlan extends GuardrailPlan {
  readonly championVersion: string;
  readonly margin: number;
  readonly seed: number;
}

/**
 * Challenger against champion on the same windows: the primary metric decides, a guardrail that is
 * significantly worse than its margin makes the verdict INFERIOR, and everything stands next to
 * rules that need no model.
 */
export function compareModels(groups: readonly PairedGroup[], plan: ComparisonPlan): Comparison {
  const whole = groups.map((g) => pairedCounts(g, plan.thresholds));
  const once = new Uint32Array(groups.length).fill(1);
  const total = { champion: pooled(whole, 'champion', once), challenger: pooled(whole, 'challenger', once) };
  const side = (of: Side) => whole.map((g) => ({ counts: g[of], secondsPerRow: g.secondsPerRow }));
  const known = {
    metric: 'f1' as const,
    champion: { version: plan.championVersion, value: f1Score(total.champion) },
    challenger: { value: f1Score(total.challenger) },
    margin: plan.margin,
    rows: groups.reduce((n, g) => n + g.labels.length, 0),
    groups: groups.length,
    rules: [
      ruleResult('champion', side('champion'), plan.cost),
      ruleResult('challenger', side('challenger'), plan.cost),
      ...referenceRules(groups, plan.cost),
    ],
  };
  const invalid = (reason: string): Comparison => ({
    ...known,
    verdict: 'INVALID',
    difference: groups.length === 0 ? null : known.challenger.value - known.champion.value,
    interval: null,
    replicates: 0,
    reason,
  });
  const { tp, tn, fp, fn } = total.champion;
  if (tp + fn === 0 || tn + fp === 0)
    return invalid('the common windows hold only one class: F1 says nothing about them');
  if (groups.length < MIN_COMPARISON_GROUPS)
    return invalid(
      `${groups.length} common group(s): resampling groups needs at least ${MIN_COMPARISON_GROUPS}`,
    );

  const guarded = guards(groups, plan);
  const found = clusterBootstrap(
    groups.length,
    (weights) => {
      const f1 = (of: Side): number => f1Score(pooled(whole, of, weights));
      const worse = guarded.map((g) => {
        if (!g.enough) return [g.name, 0];
        return [g.name, g.sign * (g.value('challenger', weights) - g.value('champion', weights))];
      });
      return { ...Object.fromEntries(worse), [PRIMARY]: f1('challenger') - f1('champion') };
    },
    { seed: plan.seed },
  );
  const bootstrap = (name: string) => found[name] as NonNullable<(typeof found)[string]>;
  const primary = bootstrap(PRIMARY);
  const interval = percentileInterval(primary);
  const primaryVerdict = verdictOf(interval, plan.margin);
  const guardrails = judgeGuards(guarded, once, (g) => bootstrap(g.name));
  const breached = guardrails.filter((g) => g.status === 'breached');
  const measured = `F1 difference ${points(primary.value)} to version ${plan.championVersion}, 95 % interval ${points(interval[0])} to ${points(interval[1])}, margin ${plan.margin}`;
  return {
    ...known,
    verdict: breached.length > 0 ? 'INFERIOR' : primaryVerdict,
    difference: primary.value,
    interval,
    replicates: BOOTSTRAP_REPLICATES,
    reason: [`${measured}: ${VERDICT_REASONS[primaryVerdict]}`, ...breached.map(describeBreach)].join('; '),
    primaryVerdict,
    guardrails,
    diagnostics: diagnose(groups, plan.thresholds),
  };
}

/**
 * Name of the primary metric's difference among the replicated statistics; no guardrail is called
 * so.
 */
const PRIMARY = 'f1';

function describeBreach({ name, champion, challenger, margin, adjustedP }: GuardrailResult): string {
  return `guardrail ${name} is breached: ${points(challenger ?? NaN)} after ${points(champion ?? NaN)}, worse by more than ${points(margin)} (p ${(adjustedP ?? NaN).toFixed(4)} after Holm)`;
}
