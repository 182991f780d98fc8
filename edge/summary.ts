import type { ModelManifest } from '../src/contracts/device/model-manifest.ts';
import {
  SCORE_EDGES,
  type ColumnSummary,
  type MonitoringBaseline,
  type WindowSummary,
} from '../src/contracts/device/window-summary.ts';
import type { MeanStd } from './calibration.ts';
import type { EntryResult } from './entry-host.ts';

/**
 * Normalised readings farther out than this count as this: sums stay exact, and one broken sensor
 * cannot drown them.
 */
const Z_LIMIT = 1000;

/**
 * Sums are kept on a binary grid (z: 2⁻²⁰, z²: 2⁻¹², ms: 2⁻¹⁰), on which float64 addition is exact
 * while they stay below 2³³, 2⁴¹ and 2⁴³; so summaries merge to the same bits in any order.
 */
const grid = (value: number, bits: number): number => Math.round(value * 2 ** bits) / 2 ** bits;

/** Bin of a value: bin i holds edges[i−1] ≤ x < edges[i]. */
export function binOf(value: number, edges: readonly number[]): number {
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] as number)) bin += 1;
  return bin;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Column {
  readonly min: number;
  readonly max: number;
  readonly edges: readonly number[];
  last: number;
  /** Readings in a row with the same value, over summaries. */
  run: number;
  sum: Mutable<ColumnSummary>;
}

const emptyColumn = (bins: number): Mutable<ColumnSummary> => ({
  n: 0,
  nulls: 0,
  nonFinite: 0,
  outOfRange: 0,
  stuck: 0,
  sum: 0,
  sumSquares: 0,
  min: null,
  max: null,
  bins: new Array<number>(bins).fill(0),
});

const emptyCounts = () => ({
  start: '',
  end: '',
  readings: 0,
  scored: 0,
  invalid: 0,
  alarms: 0,
  score: { n: 0, sum: 0, sumSquares: 0, bins: new Array<number>(SCORE_EDGES.length + 1).fill(0) },
  latencyMs: { n: 0, sum: 0, max: 0 },
});

/** Everything of a summary but whose it is. */
export type SummaryBody = Omit<WindowSummary, 'schema' | 'device' | 'model' | 'baseline' | 'seq'>;

/**
 * Adds up one stretch of readings and scores of one device. `n` counts finite readings, those out
 * of the sensor's range among them (as the baseline does); a reading is stuck when it ends a whole
 * window of identical ones.
 */
export class SummaryBuilder {
  readonly #names: readonly string[];
  readonly #columns: readonly Column[];
  readonly #stuckRun: number;
  #counts = emptyCounts();

  constructor(manifest: Pick<ModelManifest, 'columns' | 'window'>, baseline: MonitoringBaseline) {
    this.#names = manifest.columns.map((c) => c.name);
    this.#stuckRun = manifest.window;
    this.#columns = manifest.columns.map((c) => {
      const edges = baseline.columns[c.name]?.edges ?? [];
      return { min: c.min, max: c.max, edges, last: Number.NaN, run: 0, sum: emptyColumn(edges.length + 1) };
    });
  }

  /** Windows scored or found invalid since the last `take`. */
  get windows(): number {
    return this.#counts.scored + this.#counts.invalid;
  }

  addRow(time: string, values: ArrayLike<number | null>, calibration: MeanStd): void {
    if (this.#counts.readings === 0) this.#counts.start = time;
    this.#counts.end = time;
    this.#counts.readings += 1;
    for (const [c, column] of this.#columns.entries()) {
      const [mean, std] = [calibration.mean[c] ?? 0, calibration.std[c] ?? 1];
      addReading(column, values[c], { mean, std, stuckRun: this.#stuckRun });
    }
  }

  addResult(result: EntryResult, latencyMs: number): void {
    const counts = this.#counts;
    const { score, latencyMs: latency } = counts;
    latency.n += 1;
    latency.sum += grid(latencyMs, 10);
    latency.max = Math.max(latency.max, grid(latencyMs, 10));
    if ('invalid' in result) {
      counts.invalid += 1;
      return;
    }
    counts.scored += 1;
    if (result.alarm) counts.alarms += 1;
    score.n += 1;
    score.sum += grid(result.probability, 20);
    score.sumSquares += grid(result.probability ** 2, 20);
    const bin = binOf(result.probability, SCORE_EDGES);
    score.bins[bin] = (score.bins[bin] ?? 0) + 1;
  }

  /** The sums since the last call, which start again at zero. */
  take(): SummaryBody {
    const columns = Object.fromEntries(
      this.#names.map((name, c) => [name, (this.#columns[c] as Column).sum]),
    );
    const body = { ...this.#counts, columns };
    for (const column of this.#columns) column.sum = emptyColumn(column.edges.length + 1);
    this.#counts = emptyCounts();
    return body;
  }
}

function addReading(
  column: Column,
  value: number | null | undefined,
  { mean, std, stuckRun }: { mean: number; std: number; stuckRun: number },
): void {
  const { sum } = column;
  if (value === null || value === undefined) {
    sum.nulls += 1;
    column.run = 0;
    return;
  }
  if (!Number.isFinite(value)) {
    sum.nonFinite += 1;
    column.run = 0;
    return;
  }
  column.run = value === column.last && column.run > 0 ? column.run + 1 : 1;
  column.last = value;
  if (column.run >= stuckRun) sum.stuck += 1;
  if (value < column.min || value > column.max) sum.outOfRange += 1;
  const exact = (value - mean) / std;
  const z = grid(Math.min(Z_LIMIT, Math.max(-Z_LIMIT, exact)), 20);
  sum.n += 1;
  sum.sum += z;
  sum.sumSquares += grid(z * z, 12);
  sum.min = sum.min === null ? z : Math.min(sum.min, z);
  sum.max = sum.max === null ? z : Math.max(sum.max, z);
  const bin = binOf(exact, column.edges);
  sum.bins[bin] = (sum.bins[bin] ?? 0) + 1;
}
