import { SCORE_EDGES, type MonitoringBaseline } from '../../contracts/device/window-summary.ts';
import type { GroupRows, MeanStd } from '../evaluation/group-rows.ts';
import { populationStabilityIndex } from '../statistics/psi.ts';
import { randomIndex, seededRandom, shuffled } from '../../base/random.ts';
import { decileEdges, histogram } from '../statistics/quantiles.ts';

/** Reference chunks that the alarm threshold is calibrated on. */
const CHUNKS = 40;
/** Groups that one chunk draws from: a monitoring report pools several devices. */
const GROUPS_PER_CHUNK = 8;
const MIN_CHUNK_SCORES = 30;
/** Normalised readings farther out than this count as this, as on the device. */
const Z_LIMIT = 1000;

/**
 * One group as the reference sees it: its readings after calibration, and the scores of its
 * windows.
 */
export interface ReferenceGroup {
  readonly data: GroupRows;
  readonly calibration: MeanStd;
  /** Scores by row; rows that were not scored are absent. */
  readonly scores: ReadonlyMap<number, number>;
}

interface Stretch {
  /** Column-major normalised readings; NaN where missing. */
  readonly z: readonly Float64Array[];
  /** Score per row; NaN where the row was not scored. */
  readonly scores: Float64Array;
  readonly rows: number;
}

/**
 * Rows after calibration that are not labelled as anomalies: what a device in good order should
 * look like.
 */
function normalRows(group: ReferenceGroup, columns: number, calibrationRows: number): Stretch {
  const { data, calibration } = group;
  const rows: number[] = [];
  for (let r = calibrationRows; r < data.rows; r += 1) if (data.labels?.[r] !== 1) rows.push(r);
  const z = Array.from({ length: columns }, (_, c) =>
    Float64Array.from(rows, (r) => {
      const reading = data.values[r * columns + c] ?? Number.NaN;
      const z = (reading - (calibration.mean[c] ?? 0)) / (calibration.std[c] ?? 1);
      return Math.max(-Z_LIMIT, Math.min(Z_LIMIT, z));
    }),
  );
  return { z, rows: rows.length, scores: Float64Array.from(rows, (r) => group.scores.get(r) ?? Number.NaN) };
}

function finite(stretches: readonly Float64Array[]): Float64Array {
  const kept = stretches.flatMap((s) => Array.from(s).filter(Number.isFinite));
  return Float64Array.from(kept);
}

interface Piece {
  readonly from: Stretch;
  readonly start: number;
  readonly end: number;
}

/**
 * Contiguous pieces of several groups that together have about `chunkRows` rows, as a report over
 * several devices has.
 */
function drawChunk(stretches: readonly Stretch[], chunkRows: number, random: () => number): Piece[] {
  const chosen = shuffled(stretches, random).slice(0, GROUPS_PER_CHUNK);
  const each = Math.ceil(chunkRows / chosen.length);
  return chosen.map((from) => {
    const length = Math.min(each, from.rows);
    const start = randomIndex(random, from.rows - length + 1);
    return { from, start, end: start + length };
  });
}

/**
 * The reference that devices and reports are held against: per column nine decile edges of z = (x −
 * mean) / std over the normal rows after calibration, shares per bin, and the PSI of seeded chunks
 * as long as a report; the same for the scores.
 */
export function monitoringBaseline(
  groups: readonly ReferenceGroup[],
  options: {
    readonly columns: readonly string[];
    readonly calibrationRows: number;
    /** Readings of one monitoring report. */
    readonly chunkRows: number;
    readonly seed: number;
  },
): MonitoringBaseline {
  const width = options.columns.length;
  const stretches = groups
    .map((g) => normalRows(g, width, options.calibrationRows))
    .filter((s) => s.rows > 0);
  const random = seededRandom(options.seed);
  const chunks =
    stretches.length === 0
      ? []
      : Array.from({ length: CHUNKS }, () => drawChunk(stretches, options.chunkRows, random));

  const referenceOf = (pick: (s: Stretch) => Float64Array, edges: readonly number[], minimum: number) => {
    const all = finite(stretches.map(pick));
    const counts = histogram(all, edges);
    const shares = counts.map((n) => (all.length === 0 ? 0 : n / all.length));
    const chunkPsi = chunks.flatMap((pieces) => {
      const values = finite(pieces.map(({ from, start, end }) => pick(from).subarray(start, end)));
      if (values.length < minimum) return [];
      const psi = populationStabilityIndex(shares, histogram(values, edges));
      return psi === null ? [] : [psi];
    });
    return { shares, chunkPsi };
  };

  const columns = options.columns.map((name, c) => {
    const values = finite(stretches.map((s) => s.z[c] as Float64Array)).sort();
    if (values.length === 0) throw new RangeError(`column ${name} has no reading after the calibration rows`);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    const edges = decileEdges(values);
    const reference = referenceOf((s) => s.z[c] as Float64Array, edges, 1);
    return [name, { edges, ...reference, mean, std: Math.sqrt(variance) }] as const;
  });
  return {
    schema: 'windlass.baseline/1',
    columns: Object.fromEntries(columns),
    score: referenceOf((s) => s.scores, SCORE_EDGES, MIN_CHUNK_SCORES),
    rows: stretches.reduce((sum, s) => sum + s.rows, 0),
    groups: stretches.length,
    chunkRows: options.chunkRows,
  };
}
