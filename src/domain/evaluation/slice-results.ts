import type { SliceResult } from '../../contracts/build/evaluation.ts';
import type { SliceSpec } from '../../contracts/project/evaluation.ts';
import { clusterBootstrap, percentileInterval } from '../statistics/cluster-bootstrap.ts';
import { addConfusions, alarmRates, confusion, type AlarmRates, type ScoredGroup } from './metrics.ts';
import { valuesOf, windowsOfSlice, type SliceValues } from './slices.ts';
import type { Confusion } from '../../contracts/build/rule-results.ts';

/** A scored group with the slices that its windows belong to. */
export interface SlicedGroup extends ScoredGroup {
  readonly slices: SliceValues;
}

const METRICS = ['f1', 'falseAlarmRate', 'missedAlarmRate'] as const;

/**
 * Metrics of every value of every declared slice, with intervals where there is enough to judge by.
 */
export function sliceResults(
  groups: readonly SlicedGroup[],
  slices: readonly SliceSpec[],
  options: { readonly threshold: number; readonly seed: number },
): SliceResult[] {
  return slices.flatMap((slice) => {
    const found = valuesOf(groups, slice.name);
    const missing = slice.expected.filter((value) => !found.includes(value));
    return [
      ...found.map((value) => judged(slice, value)),
      ...missing.map((value): SliceResult => ({
        slice: slice.name,
        value,
        status: 'missing',
        rows: 0,
        groups: 0,
        f1: null,
        falseAlarmRate: null,
        missedAlarmRate: null,
      })),
    ];
  });

  function judged(slice: SliceSpec, value: string): SliceResult {
    const counts = groups.flatMap((g) => {
      const windows = windowsOfSlice(
        { slices: g.slices, windows: g.scores.length },
        { name: slice.name, value },
      );
      if (windows.length === 0) return [];
      const of = (all: ArrayLike<number>): number[] => windows.map((i) => all[i] as number);
      return [confusion(of(g.scores), of(g.labels), options.threshold)];
    });
    const total = addConfusions(counts);
    const anomalous = total.tp + total.fn;
    const normal = total.tn + total.fp;
    const enough = counts.length >= slice.minGroups && Math.min(anomalous, normal) >= slice.minWindows;
    const intervals = enough ? resampled(counts, options.seed) : undefined;
    const rates = alarmRates(total);
    const metric = (name: keyof AlarmRates) => ({
      value: rates[name],
      interval: intervals?.[name] ?? null,
    });
    return {
      slice: slice.name,
      value,
      status: enough ? 'judged' : 'insufficient',
      rows: anomalous + normal,
      groups: counts.length,
      f1: metric('f1'),
      falseAlarmRate: metric('falseAlarmRate'),
      missedAlarmRate: metric('missedAlarmRate'),
    };
  }
}

function resampled(counts: readonly Confusion[], seed: number) {
  const found = clusterBootstrap(
    counts.length,
    (weights): AlarmRates => {
      const total = { tp: 0, tn: 0, fp: 0, fn: 0 };
      for (const [i, c] of counts.entries())
        for (const kind of ['tp', 'tn', 'fp', 'fn'] as const) total[kind] += (weights[i] as number) * c[kind];
      return alarmRates(total);
    },
    { seed },
  );
  const intervals = METRICS.map((name) => [name, percentileInterval(found[name])] as const);
  return Object.fromEntries(intervals) as Record<keyof AlarmRates, readonly [number, number]>;
}
