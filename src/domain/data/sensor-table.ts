import type { ProjectSpec } from '../../contracts/project/project.ts';
import { Findings, shown } from './findings.ts';
import type { Sample } from './findings.ts';
import { parseTimestamp } from './timestamp.ts';
import type { TimeFormat } from './timestamp.ts';

export type DataSpec = ProjectSpec['data'];

/**
 * One cell of a data file: text as it stands in a CSV, or a typed value of a Parquet file (a time
 * in ms as number).
 */
export type Cell = string | number | null | undefined;

export interface TableSource {
  readonly header: readonly string[];
  rows(): Iterable<{ readonly line: number; readonly cells: readonly Cell[]; readonly malformed: boolean }>;
}

/**
 * The rows of one file: times in ms since 1970 (NaN where unreadable), values row-major [rows ×
 * sensor columns] (NaN where missing or unreadable), labels 0/1 (null when the file has no label
 * column), and all that was wrong on the way.
 */
export interface SensorTable {
  readonly header: readonly string[];
  readonly rows: number;
  readonly times: Float64Array;
  readonly values: Float32Array;
  readonly labels: Uint8Array | null;
  /** Line of each row in the file. */
  readonly lines: Uint32Array;
  readonly missingColumns: readonly string[];
  readonly doubledColumns: readonly string[];
  readonly timeFormats: ReadonlyMap<TimeFormat, number>;
  /**
   * Offsets that times are written with (`Z`, `+01:00`), each with its first line, and how often
   * one follows another.
   */
  readonly zones: ReadonlyMap<string, { readonly count: number; readonly line: number }>;
  readonly zoneChanges: number;
  readonly missingLabels: number;
  readonly findings: Readonly<
    Record<'ragged' | 'badTimes' | 'missing' | 'infinite' | 'notNumbers' | 'badLabels', Findings>
  >;
}

const MISSING = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-']);
/** Largest float32: readings are kept as such, and a larger one would become infinite. */
const LARGEST = 3.4028234663852886e38;
const INFINITE = /^[+-]?inf(inity)?$/i;

/** Reads a number strictly: NaN with a kind for anything that is not a plain decimal number. */
function readNumber(cell: Cell): { value: number; kind: 'number' | 'missing' | 'infinite' | 'text' } {
  if (typeof cell === 'number') {
    if (Number.isNaN(cell)) return { value: NaN, kind: 'missing' };
    return { value: cell, kind: Math.abs(cell) <= LARGEST ? 'number' : 'infinite' };
  }
  if (cell === null || cell === undefined) return { value: NaN, kind: 'missing' };
  const text = cell.trim();
  const value = text === '' ? NaN : Number(text);
  // Number() also takes 0x10, 0b1 and 0o7, which no sensor writes.
  if (Math.abs(value) <= LARGEST && !/^[+-]?0[xbo]/i.test(text)) return { value, kind: 'number' };
  if (MISSING.has(text.toLowerCase())) return { value: NaN, kind: 'missing' };
  return { value: NaN, kind: INFINITE.test(text) || Math.abs(value) > LARGEST ? 'infinite' : 'text' };
}

function sample({ line, column, cell }: { line: number; column: string; cell?: Cell }, text: string): Sample {
  const value = Number.isFinite(cell) ? (cell as number) : String(cell ?? '').slice(0, 60);
  return { line, column, value, text: `line ${line}: ${text}` };
}

/** Growing storage of rows, so that the number of rows need not be known before. */
class RowStore {
  times = new Float64Array(1024);
  lines = new Uint32Array(1024);
  labels = new Uint8Array(1024);
  values: Float32Array<ArrayBuffer>;
  rows = 0;
  private readonly columns: number;

  constructor(columns: number) {
    this.columns = columns;
    this.values = new Float32Array(1024 * columns);
  }

  add(line: number): number {
    if (this.rows === this.times.length) this.grow();
    this.lines[this.rows] = line;
    this.rows += 1;
    return this.rows - 1;
  }

  private grow(): void {
    const { times, lines, labels, values } = this;
    this.times = new Float64Array(times.length * 2);
    this.times.set(times);
    this.lines = new Uint32Array(lines.length * 2);
    this.lines.set(lines);
    this.labels = new Uint8Array(labels.length * 2);
    this.labels.set(labels);
    this.values = new Float32Array(this.times.length * this.columns);
    this.values.set(values);
  }
}

/**
 * Reads every row of a file against the data section of windlass.yaml; nothing is dropped,
 * everything odd is counted.
 */
export function buildSensorTable(source: TableSource, spec: DataSpec): SensorTable {
  const { header } = source;
  const timeAt = header.indexOf(spec.timestamp);
  const labelAt = header.indexOf(spec.label);
  const columnAt = spec.columns.map((column) => header.indexOf(column.name));
  const required = [spec.timestamp, ...spec.columns.map((column) => column.name)];
  const findings = {
    ragged: new Findings(),
    badTimes: new Findings(),
    missing: new Findings(),
    infinite: new Findings(),
    notNumbers: new Findings(),
    badLabels: new Findings(),
  };
  const timeFormats = new Map<TimeFormat, number>();
  const zones = new Map<string, { count: number; line: number }>();
  let zone: string | undefined;
  let [zoneChanges, missingLabels] = [0, 0];
  const store = new RowStore(columnAt.length);

  for (const { line, cells, malformed } of source.rows()) {
    if (malformed || cells.length !== header.length)
      findings.ragged.add(() => ({
        line,
        text: malformed
          ? `line ${line}: a quote is not closed, or the row is longer than 1 MB`
          : `line ${line}: ${cells.length} cells, the header has ${header.length}`,
      }));
    const row = store.add(line);
    store.times[row] = readTime(cells[timeAt], line);
    let missing = '';
    for (const [column, at] of columnAt.entries()) {
      const cell = cells[at];
      const { value, kind } = readNumber(cell);
      store.values[row * columnAt.length + column] = kind === 'infinite' ? NaN : value;
      // a missing column is said once, not in every row
      if (kind === 'number' || at === -1) continue;
      const name = spec.columns[column]?.name ?? '';
      if (kind === 'missing') missing = missing === '' ? name : `${missing}, ${name}`;
      else
        findings[kind === 'infinite' ? 'infinite' : 'notNumbers'].add(() =>
          sample({ line, column: name, cell }, `${name} is ${shown(cell)}`),
        );
    }
    if (missing !== '')
      findings.missing.add(() => sample({ line, column: missing }, `no value of ${missing}`));
    if (labelAt !== -1) store.labels[row] = readLabel(cells[labelAt], line);
  }

  const { rows } = store;
  return {
    header,
    rows,
    timeFormats,
    zones,
    zoneChanges,
    missingLabels,
    findings,
    times: store.times.subarray(0, rows),
    lines: store.lines.subarray(0, rows),
    values: store.values.subarray(0, rows * columnAt.length),
    labels: labelAt === -1 ? null : store.labels.subarray(0, rows),
    missingColumns: required.filter((name) => !header.includes(name)),
    doubledColumns: [...new Set(header.filter((name, i) => header.indexOf(name) !== i))],
  };

  function readTime(cell: Cell, line: number): number {
    if (timeAt === -1) return NaN;
    if (typeof cell === 'number' && Number.isFinite(cell)) return cell;
    const time = parseTimestamp(String(cell ?? '').trim());
    if (time === undefined) {
      findings.badTimes.add(() => sample({ line, column: spec.timestamp, cell }, shown(cell)));
      return NaN;
    }
    timeFormats.set(time.format, (timeFormats.get(time.format) ?? 0) + 1);
    if (time.zone !== undefined) {
      if (time.zone !== zone) zoneChanges += zone === undefined ? 0 : 1;
      zone = time.zone;
      const seen = zones.get(zone);
      if (seen === undefined) zones.set(zone, { count: 1, line });
      else seen.count += 1;
    }
    return time.ms;
  }

  function readLabel(cell: Cell, line: number): number {
    const { value, kind } = readNumber(typeof cell === 'string' && cell.trim() === '' ? null : cell);
    if (kind === 'number' && (value === 0 || value === 1)) return value;
    findings.badLabels.add(() => sample({ line, column: spec.label, cell }, shown(cell)));
    if (kind === 'missing') missingLabels += 1;
    return 0;
  }
}
