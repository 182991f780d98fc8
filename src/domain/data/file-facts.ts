import type { DataFile } from '../../contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import { baselineFacts } from './baseline-facts.ts';
import type { BaselineFacts } from './baseline-facts.ts';
import { Findings } from './findings.ts';
import { hashRows, SEGMENT_SAMPLING, segmentsOf } from './segments.ts';
import type { Segments } from './segments.ts';
import type { SensorTable } from './sensor-table.ts';
import { dataGateSettings } from './settings.ts';
import { NO_PATTERNS, signPatterns } from './sign-patterns.ts';
import type { SignPatterns } from './sign-patterns.ts';
import { noTimeFacts, timeFacts } from './time-facts.ts';
import type { TimeFacts } from './time-facts.ts';

/** A column that kept one value for long: `longest` rows from line `line` on. */
export interface StuckRun {
  readonly column: string;
  readonly value: number;
  readonly longest: number;
  readonly line: number;
}

export interface RangeFacts {
  readonly column: string;
  readonly count: number;
  /** Share of the file's rows, 0..1. */
  readonly share: number;
  readonly lowest: number;
  readonly highest: number;
  /** The first reading outside. */
  readonly line: number;
  readonly value: number;
}

/**
 * All that the gates need to know of one file: counts, marks and a few sample rows, never the rows
 * themselves.
 */
export interface FileFacts extends TimeFacts {
  readonly file: DataFile;
  /** Why the file could not be read at all; everything else is empty then. */
  readonly unreadable: string | null;
  readonly table: Omit<SensorTable, 'times' | 'values' | 'labels' | 'lines'> | null;
  readonly ranges: readonly RangeFacts[];
  readonly stuck: readonly StuckRun[];
  readonly baseline: BaselineFacts | null;
  readonly segments: Segments;
  readonly patterns: SignPatterns;
  /** Stretches that repeat an earlier one of the same file; counted in rows, roughly. */
  readonly repeats: Findings;
  readonly labels: {
    /** Among the rows that can be scored: those after the calibration rows. */
    readonly positives: number;
    readonly negatives: number;
    readonly positivesInCalibration: number;
    /** Line of the first anomaly among the calibration rows. */
    readonly firstInCalibration: number | null;
  } | null;
}

/** What the gates need to know of one file that was read. */
export function fileFacts(file: DataFile, table: SensorTable, spec: ProjectSpec): FileFacts {
  const { times: _t, values: _v, labels: _l, lines: _n, ...rest } = table;
  const settings = dataGateSettings(spec);
  const rowHashes = hashRows(table);
  const segments = segmentsOf(rowHashes, table.lines);
  const stuckRows = settings.stuckRows > 0 ? settings.stuckRows : Math.max(60, spec.model.window);
  return {
    file,
    unreadable: null,
    table: rest,
    ...timeFacts(table, settings, rowHashes),
    ranges: rangeFacts(table, spec),
    stuck: stuckRuns(table, spec, stuckRows),
    baseline: baselineFacts(table, spec),
    segments,
    patterns: signPatterns(table),
    repeats: repeatsOf(segments),
    labels: labelFacts(table, spec.model.calibration.rows),
  };
}

/** The facts of a file that could not be read. */
export function unreadableFacts(file: DataFile, reason: string): FileFacts {
  return {
    file,
    unreadable: reason,
    table: null,
    ...noTimeFacts(),
    ranges: [],
    stuck: [],
    baseline: null,
    segments: { marks: new Float64Array(), lines: new Uint32Array() },
    patterns: NO_PATTERNS,
    repeats: new Findings(),
    labels: null,
  };
}

function rangeFacts({ values, rows, lines }: SensorTable, spec: ProjectSpec): RangeFacts[] {
  const { columns } = spec.data;
  return columns.flatMap(({ name, min, max }, column) => {
    let [count, first] = [0, 0];
    let [lowest, highest] = [Infinity, -Infinity];
    for (let i = column; i < values.length; i += columns.length) {
      const value = values[i] ?? NaN;
      if (value < min || value > max) {
        if (count === 0) first = i;
        count += 1;
      }
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    if (count === 0) return [];
    const line = lines[(first - column) / columns.length] ?? 0;
    return [{ column: name, count, share: count / rows, lowest, highest, line, value: values[first] ?? NaN }];
  });
}

/** Runs of equal readings at least as long as the limit. */
function stuckRuns({ values, rows, lines }: SensorTable, spec: ProjectSpec, limit: number): StuckRun[] {
  const { columns } = spec.data;
  return columns.flatMap(({ name }, column) => {
    let [longest, at, run] = [0, 0, 0];
    let last = NaN;
    for (let row = 0; row < rows; row += 1) {
      const value = values[row * columns.length + column] ?? NaN;
      run = value === last ? run + 1 : 1;
      if (run > longest && !Number.isNaN(value)) [longest, at] = [run, row - run + 1];
      last = value;
    }
    if (longest < limit) return [];
    const value = values[at * columns.length + column] ?? NaN;
    return [{ column: name, value, longest, line: lines[at] ?? 0 }];
  });
}

function repeatsOf({ marks, lines }: Segments): Findings {
  const repeats = new Findings();
  const first = new Map<number, number>();
  for (const [i, mark] of marks.entries()) {
    const line = lines[i] ?? 0;
    const seen = first.get(mark);
    if (seen === undefined) first.set(mark, line);
    else repeats.add(() => ({ line, text: `the rows from line ${line} on are those from line ${seen} on` }));
  }
  repeats.count *= SEGMENT_SAMPLING;
  return repeats;
}

function labelFacts({ labels, lines }: SensorTable, calibrationRows: number): FileFacts['labels'] {
  if (labels === null) return null;
  let [positives, positivesInCalibration] = [0, 0];
  let firstInCalibration: number | null = null;
  for (const [row, label] of labels.entries())
    if (row >= calibrationRows) {
      positives += label;
    } else if (label === 1) {
      positivesInCalibration += 1;
      firstInCalibration ??= lines[row] ?? 0;
    }

  const negatives = Math.max(0, labels.length - calibrationRows) - positives;
  return { positives, negatives, positivesInCalibration, firstInCalibration };
}
