import type { ColumnSummary, WindowSummary } from '../src/contracts/window-summary.ts';

/** Stands for the device of a summary that was merged from several. */
export const SEVERAL_DEVICES = '*';

const addBins = (a: readonly number[], b: readonly number[]): number[] => a.map((n, i) => n + (b[i] ?? 0));

function pick(a: number | null, b: number | null, choose: (x: number, y: number) => number): number | null {
  if (a === null) return b;
  return b === null ? a : choose(a, b);
}

/** The earlier (−1) or later (+1) of two times; the same instant in two spellings has one winner. */
function pickTime(a: string, b: string, sign: 1 | -1): string {
  const difference = (Date.parse(a) - Date.parse(b)) * sign;
  if (difference !== 0) return difference > 0 ? a : b;
  return a < b ? a : b;
}

function mergeColumns(a: ColumnSummary, b: ColumnSummary): ColumnSummary {
  return {
    n: a.n + b.n,
    nulls: a.nulls + b.nulls,
    nonFinite: a.nonFinite + b.nonFinite,
    outOfRange: a.outOfRange + b.outOfRange,
    stuck: a.stuck + b.stuck,
    sum: a.sum + b.sum,
    sumSquares: a.sumSquares + b.sumSquares,
    min: pick(a.min, b.min, Math.min),
    max: pick(a.max, b.max, Math.max),
    bins: addBins(a.bins, b.bins),
  };
}

/**
 * Adds two summaries of the same model and baseline; commutative and associative to the last bit, because all sums lie on a
 * binary grid. Throws RangeError when the bins of the two were not cut at the same edges.
 */
export function mergeSummaries(a: WindowSummary, b: WindowSummary): WindowSummary {
  if (a.model.digest !== b.model.digest || a.baseline !== b.baseline)
    throw new RangeError(
      `summaries of ${a.model.digest} on baseline ${a.baseline} and ${b.model.digest} on ${b.baseline} do not add up`,
    );
  const columns = Object.fromEntries(
    Object.entries(a.columns).map(([name, column]) => {
      const other = b.columns[name];
      if (!other) throw new RangeError(`a summary of ${b.device} has no column ${name}`);
      return [name, mergeColumns(column, other)];
    }),
  );
  return {
    schema: a.schema,
    device: a.device === b.device ? a.device : SEVERAL_DEVICES,
    model: a.model,
    baseline: a.baseline,
    seq: Math.min(a.seq, b.seq),
    start: pickTime(a.start, b.start, -1),
    end: pickTime(a.end, b.end, 1),
    readings: a.readings + b.readings,
    scored: a.scored + b.scored,
    invalid: a.invalid + b.invalid,
    alarms: a.alarms + b.alarms,
    columns,
    score: {
      n: a.score.n + b.score.n,
      sum: a.score.sum + b.score.sum,
      sumSquares: a.score.sumSquares + b.score.sumSquares,
      bins: addBins(a.score.bins, b.score.bins),
    },
    latencyMs: {
      n: a.latencyMs.n + b.latencyMs.n,
      sum: a.latencyMs.sum + b.latencyMs.sum,
      max: Math.max(a.latencyMs.max, b.latencyMs.max),
    },
  };
}
