import type { GuardrailResult } from '../../contracts/build/comparison.ts';
import type { SliceSpec } from '../../contracts/project/evaluation.ts';
import { costPerDeviceDay } from '../evaluation/cost.ts';
import { alarmRates, f1Score } from '../evaluation/metrics.ts';
import type { CostRule } from '../evaluation/rules.ts';
import { valuesOf, windowsOfSlice } from '../evaluation/slices.ts';
import { bootstrapAtMost, percentileInterval, type Bootstrap } from '../statistics/cluster-bootstrap.ts';
import { holm } from '../statistics/multiple-tests.ts';
import {
  pairedCounts,
  pooled,
  type PairedCounts,
  type PairedGroup,
  type Side,
  type Thresholds,
} from './paired-groups.ts';

/** Family-wise error of all guardrails together. */
const ALPHA = 0.05;
/**
 * Most slices that are guarded: beyond, no slice could be told from chance by 2,000 replicates
 * after Holm.
 */
export const MAX_SLICE_GUARDRAILS = 90;

export interface GuardrailMargins {
  readonly falseAlarmRate: number;
  readonly missedAlarmRate: number;
  /** Share of the champion's cost. */
  readonly cost: number;
  readonly sliceF1: number;
}

export interface GuardrailPlan {
  readonly margins: GuardrailMargins;
  readonly slices: readonly SliceSpec[];
  readonly thresholds: Thresholds;
  readonly cost: CostRule;
  /**
   * Whether the project says what wrong decisions cost; undeclared costs are shown and not guarded.
   */
  readonly costsDeclared: boolean;
}

/** A guardrail before its test: the quantity of either model for given weights of the groups. */
export interface Guard {
  readonly name: string;
  readonly margin: number;
  readonly rows: number;
  readonly groups: number;
  readonly enough: boolean;
  /** 1 where more is worse, −1 where less is worse. */
  readonly sign: 1 | -1;
  value(side: Side, weights: Uint32Array): number;
}

const windowsOf = ({ champion: { tp, tn, fp, fn } }: PairedCounts): number => tp + tn + fp + fn;

/** The guardrails that these groups and this project have, before any replicate is drawn. */
export function guards(groups: readonly PairedGroup[], plan: GuardrailPlan): Guard[] {
  const { margins, thresholds, cost } = plan;
  const whole = groups.map((g) => pairedCounts(g, thresholds));
  const all = {
    rows: whole.reduce((n, g) => n + windowsOf(g), 0),
    groups: groups.length,
    enough: true,
    sign: 1 as const,
  };
  const rate = (name: string, metric: 'falseAlarmRate' | 'missedAlarmRate'): Guard => ({
    ...all,
    name,
    margin: margins[metric],
    value: (side, weights) => alarmRates(pooled(whole, side, weights))[metric],
  });
  const daily = (side: Side, weights: ArrayLike<number>): number | null =>
    costPerDeviceDay(
      whole.map((g) => ({ counts: g[side], secondsPerRow: g.secondsPerRow })),
      cost,
      weights,
    );
  const champion = daily('champion', new Uint8Array(groups.length).fill(1));
  return [
    rate('false-alarm-rate', 'falseAlarmRate'),
    rate('missed-alarm-rate', 'missedAlarmRate'),
    ...(plan.costsDeclared
      ? [
          {
            ...all,
            name: 'cost-per-device-day',
            margin: margins.cost * (champion ?? 0),
            enough: champion !== null,
            value: (side: Side, weights: Uint32Array) => daily(side, weights) ?? 0,
          },
        ]
      : []),
    ...plan.slices.flatMap((slice) => sliceGuards(groups, slice, plan)).slice(0, MAX_SLICE_GUARDRAILS),
  ];
}

function sliceGuards(groups: readonly PairedGroup[], slice: SliceSpec, plan: GuardrailPlan): Guard[] {
  return valuesOf(groups, slice.name).map((value) => {
    const counts = groups.map((g) => {
      const windows = { slices: g.slices, windows: g.labels.length };
      return pairedCounts(g, plan.thresholds, windowsOfSlice(windows, { name: slice.name, value }));
    });
    const { tp, tn, fp, fn } = pooled(counts, 'champion', new Uint32Array(groups.length).fill(1));
    const present = counts.filter((c) => windowsOf(c) > 0).length;
    return {
      name: `f1 where ${slice.name}=${value}`,
      margin: plan.margins.sliceF1,
      rows: tp + tn + fp + fn,
      groups: present,
      enough: present >= slice.minGroups && Math.min(tp + fn, tn + fp) >= slice.minWindows,
      sign: -1,
      value: (side, weights) => f1Score(pooled(counts, side, weights)),
    };
  });
}

/**
 * The verdict on each guardrail, from the replicates of how much worse the challenger is; `once`
 * counts each group once.
 */
export function judgeGuards(
  all: readonly Guard[],
  once: Uint32Array,
  worse: (guard: Guard) => Bootstrap,
): GuardrailResult[] {
  const tested = all.filter((g) => g.enough);
  const p = tested.map((g) => bootstrapAtMost(worse(g), g.margin));
  const adjusted = holm(p);
  return all.map((guard) => {
    const { name, margin, rows, groups } = guard;
    const known = { name, margin, rows, groups };
    const at = tested.indexOf(guard);
    if (at === -1)
      return {
        ...known,
        status: 'insufficient',
        champion: null,
        challenger: null,
        worse: null,
        interval: null,
        p: null,
        adjustedP: null,
      };
    const found = worse(guard);
    const adjustedP = adjusted[at] as number;
    return {
      ...known,
      status: adjustedP <= ALPHA ? 'breached' : 'kept',
      champion: guard.value('champion', once),
      challenger: guard.value('challenger', once),
      worse: found.value,
      interval: percentileInterval(found),
      p: p[at] as number,
      adjustedP,
    };
  });
}
