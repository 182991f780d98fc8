import type { ColumnSummary, WindowSummary } from '../../contracts/device/window-summary.ts';

/** Sums over any number of device windows of one model version. */
export interface MergedWindows {
  readonly windows: number;
  readonly devices: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
  readonly readings: number;
  readonly scored: number;
  readonly invalid: number;
  readonly alarms: number;
  readonly columns: Readonly<Record<string, ColumnSummary>>;
  readonly scoreBins: readonly number[];
}

const addBins = (a: readonly number[], b: readonly number[]): number[] => {
  if (a.length > 0 && a.length !== b.length)
    throw new RangeError(`windows with ${a.length} and ${b.length} bins cannot be merged`);

  return b.map((count, i) => count + (a[i] ?? 0));
};

const pick = (f: (a: number, b: number) => number, a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : f(a, b);

function addColumn(a: ColumnSummary | undefined, b: ColumnSummary): ColumnSummary {
  if (a === undefined) return b;
  return {
    n: a.n + b.n,
    nulls: a.nulls + b.nulls,
    nonFinite: a.nonFinite + b.nonFinite,
    outOfRange: a.outOfRange + b.outOfRange,
    stuck: a.stuck + b.stuck,
    sum: a.sum + b.sum,
    sumSquares: a.sumSquares + b.sumSquares,
    min: pick(Math.min, a.min, b.min),
    max: pick(Math.max, a.max, b.max),
    bins: addBins(a.bins, b.bins),
  };
}

/**
 * Adds windows up, exactly and in any order: all sums lie on a binary grid. Throws RangeError when
 * they come from different model files or were counted on different bins.
 */
export function mergeWindows(windows: Iterable<WindowSummary>): MergedWindows {
  const devices = new Set<string>();
  const columns: Record<string, ColumnSummary> = {};
  let scoreBins: number[] = [];
  let from: string | null = null;
  let to: string | null = null;
  const total = { windows: 0, readings: 0, scored: 0, invalid: 0, alarms: 0 };
  let first: WindowSummary | undefined;
  for (const window of windows) {
    first ??= window;
    if (window.model.digest !== first.model.digest || window.baseline !== first.baseline)
      throw new RangeError(
        `windows of ${first.model.digest} on baseline ${first.baseline} and ${window.model.digest} on ${window.baseline} do not add up`,
      );
    devices.add(window.device);
    total.windows += 1;
    total.readings += window.readings;
    total.scored += window.scored;
    total.invalid += window.invalid;
    total.alarms += window.alarms;
    if (from === null || window.start < from) from = window.start;
    if (to === null || window.end > to) to = window.end;
    scoreBins = addBins(scoreBins, window.score.bins);
    for (const [name, column] of Object.entries(window.columns))
      columns[name] = addColumn(columns[name], column);
  }
  return { ...total, devices: [...devices].sort(), from, to, columns, scoreBins };
}
