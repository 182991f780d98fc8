import type { TableSource } from './sensor-table.ts';
import { parseTimestamp } from './timestamp.ts';

/**
 * What a data-set version says of one file; `from` and `to` are ISO times, null where no time can
 * be read.
 */
export interface TableSummary {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
}

/** Counts the rows of a file and finds its first and last time. */
export function summariseTable(source: TableSource, timestamp: string): TableSummary {
  const at = source.header.indexOf(timestamp);
  let [rows, from, to] = [0, Infinity, -Infinity];
  for (const { cells } of source.rows()) {
    rows += 1;
    const cell = cells[at];
    const time = typeof cell === 'number' ? cell : (parseTimestamp(String(cell ?? '').trim())?.ms ?? NaN);
    if (time < from) from = time;
    if (time > to) to = time;
  }
  return { rows, columns: source.header, from: iso(from), to: iso(to) };
}

function iso(ms: number): string | null {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}
