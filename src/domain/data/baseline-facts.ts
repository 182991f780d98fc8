import { mean, quantileSorted, standardDeviation } from 'simple-statistics';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import { Findings } from './findings.ts';
import type { SensorTable } from './sensor-table.ts';

/** How alike the calibration rows of one file are among themselves. */
export interface BaselineFacts {
  /** Rows with a reading far from the others'. */
  readonly outliers: Findings;
  /** Quarters in which a column lies elsewhere than in the whole stretch. */
  readonly shifts: Findings;
}

/**
 * A reading this many robust standard deviations from the median is far; two modes of a coarse
 * sensor are not.
 */
const FAR = 6;
/**
 * Quarters whose median is this many within-quarter standard deviations from the median of all;
 * warming up stays below it.
 */
const SHIFTED = 8;
const QUARTERS = 4;
/** MAD to standard deviation of a normal distribution. */
const MAD_SCALE = 1.4826;

/**
 * Compares the calibration rows of a file with each other, column by column; labels play no part.
 */
export function baselineFacts(
  { values, rows, lines }: SensorTable,
  spec: Pick<ProjectSpec, 'data' | 'model'>,
): BaselineFacts {
  const { columns } = spec.data;
  const count = Math.min(rows, spec.model.calibration.rows);
  const facts = { outliers: new Findings(), shifts: new Findings() };
  const far = new Map<number, { column: string; value: number }>();
  for (const [at, { name }] of columns.entries()) {
    const column = Array.from({ length: count }, (_, row) => values[row * columns.length + at] ?? NaN);
    const present = column.filter((value) => !Number.isNaN(value));
    if (present.length < QUARTERS * 10) continue;
    const middle = median(present);
    const spread = Math.max(
      MAD_SCALE * median(present.map((value) => Math.abs(value - middle))),
      standardDeviation(present) / 2,
    );
    for (const [row, value] of column.entries())
      if (Math.abs(value - middle) > FAR * spread && !far.has(row)) far.set(row, { column: name, value });
    addShift(facts.shifts, { column: name, values: column, middle, lines });
  }
  for (const [row, { column, value }] of [...far].sort(([a], [b]) => a - b)) {
    const line = lines[row] ?? 0;
    facts.outliers.add(() => ({ line, column, value, text: `line ${line}: ${column} is ${round(value)}` }));
  }
  return facts;
}

function addShift(
  findings: Findings,
  column: { column: string; values: readonly number[]; middle: number; lines: Uint32Array },
): void {
  const { values, middle, lines } = column;
  const size = Math.floor(values.length / QUARTERS);
  const quarters = Array.from({ length: QUARTERS }, (_, i) =>
    values.slice(i * size, (i + 1) * size).filter((value) => !Number.isNaN(value)),
  );
  if (quarters.some((quarter) => quarter.length === 0)) return;
  const within = Math.sqrt(mean(quarters.map((quarter) => standardDeviation(quarter) ** 2)));
  const shifts = quarters.map((quarter) => Math.abs(median(quarter) - middle));
  const largest = Math.max(...shifts);
  if (largest <= SHIFTED * within) return;
  const quarter = shifts.indexOf(largest);
  const line = lines[quarter * size] ?? 0;
  const value = median(quarters[quarter] ?? []);
  const text = `${column.column} is about ${round(value)} from line ${line} on, ${round(middle)} in all`;
  findings.add(() => ({ line, column: column.column, value, text }));
}

function median(values: readonly number[]): number {
  return quantileSorted(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
