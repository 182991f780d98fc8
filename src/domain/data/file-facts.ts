import type { DataFile, ProjectSpec } from '../../contracts/project.ts';
import { Findings } from './findings.ts';
import type { SensorTable } from './sensor-table.ts';

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
}

/** All that the gates need to know of one file: counts and a few sample rows, never the rows themselves. */
export interface FileFacts {
  readonly file: DataFile;
  /** Why the file could not be read at all; everything else is empty then. */
  readonly unreadable: string | null;
  readonly table: Omit<SensorTable, 'times' | 'values' | 'labels' | 'lines'> | null;
  readonly duplicateTimes: Findings;
  readonly disorder: Findings;
  readonly gaps: Findings;
  readonly ranges: readonly RangeFacts[];
  readonly stuck: readonly StuckRun[];
  readonly labels: {
    /** Among the rows that can be scored: those after the calibration rows. */
    readonly positives: number;
    readonly negatives: number;
    readonly positivesInCalibration: number;
  } | null;
}

const GAP_FACTOR = 60;

/** What the gates need to know of one file that was read. */
export function fileFacts(file: DataFile, table: SensorTable, spec: ProjectSpec): FileFacts {
  const { times: _t, values: _v, labels: _l, lines: _n, ...rest } = table;
  return {
    file,
    unreadable: null,
    table: rest,
    ...timeFacts(table),
    ranges: rangeFacts(table, spec),
    stuck: stuckRuns(table, spec),
    labels: labelFacts(table, spec.model.calibration.rows),
  };
}

/** The facts of a file that could not be read. */
export function unreadableFacts(file: DataFile, reason: string): FileFacts {
  const none = { duplicateTimes: new Findings(), disorder: new Findings(), gaps: new Findings() };
  return { file, unreadable: reason, table: null, ...none, ranges: [], stuck: [], labels: null };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function timeFacts({ times, lines }: SensorTable): Pick<FileFacts, 'duplicateTimes' | 'disorder' | 'gaps'> {
  const [duplicateTimes, disorder, gaps] = [new Findings(), new Findings(), new Findings()];
  const first = new Map<number, number>();
  const steps: number[] = [];
  let previous = NaN;
  for (const [row, time] of times.entries()) {
    if (Number.isNaN(time)) continue;
    const line = lines[row] ?? 0;
    const seen = first.get(time);
    if (seen !== undefined)
      duplicateTimes.add(() => `${iso(time)} in line ${seen} and again in line ${line}`);
    else first.set(time, line);
    if (time < previous) disorder.add(() => `line ${line}: ${iso(time)} comes after ${iso(previous)}`);
    if (time > previous) steps.push(time - previous);
    previous = time;
  }
  const median = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  previous = NaN;
  for (const [row, time] of times.entries()) {
    const from = previous;
    if (time - from > median * GAP_FACTOR)
      gaps.add(() => `line ${lines[row]}: ${Math.round((time - from) / 1000)} s after the row before`);
    if (!Number.isNaN(time)) previous = time;
  }
  return { duplicateTimes, disorder, gaps };
}

function rangeFacts({ values, rows }: SensorTable, spec: ProjectSpec): RangeFacts[] {
  const { columns } = spec.data;
  return columns.flatMap(({ name, min, max }, column) => {
    let count = 0;
    let [lowest, highest] = [Infinity, -Infinity];
    for (let i = column; i < values.length; i += columns.length) {
      const value = values[i] ?? NaN;
      if (value < min || value > max) count += 1;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    return count === 0 ? [] : [{ column: name, count, share: count / rows, lowest, highest }];
  });
}

/** Runs of equal readings at least as long as a scored window and a minute of rows. */
function stuckRuns({ values, rows, lines }: SensorTable, spec: ProjectSpec): StuckRun[] {
  const { columns } = spec.data;
  const limit = Math.max(60, spec.model.window);
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

function labelFacts({ labels }: SensorTable, calibrationRows: number): FileFacts['labels'] {
  if (labels === null) return null;
  let [positives, positivesInCalibration] = [0, 0];
  for (const [row, label] of labels.entries()) {
    if (row < calibrationRows) positivesInCalibration += label;
    else positives += label;
  }
  const negatives = Math.max(0, labels.length - calibrationRows) - positives;
  return { positives, negatives, positivesInCalibration };
}
