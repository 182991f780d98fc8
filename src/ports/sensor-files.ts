import type { DataSpec, SensorTable } from '../domain/data/sensor-table.ts';
import type { TableSummary } from '../domain/data/table-summary.ts';

/**
 * The rows of one group (pump or experiment): times in ms since 1970, values row-major [rows ×
 * columns] in the order of windlass.yaml (NaN where a reading is missing), labels 0/1 or null when
 * the file has none.
 */
export interface GroupRows {
  readonly rows: number;
  readonly times: Float64Array;
  readonly values: Float32Array;
  readonly labels: Uint8Array | null;
}

/**
 * Sensor data files, CSV or Parquet by their extension. Unreadable ones are DATA_INVALID that says
 * why.
 */
export interface SensorFiles {
  describe(path: string, spec: Pick<DataSpec, 'timestamp'>): Promise<TableSummary>;
  /**
   * Every row with all that is wrong with it; wrong content is counted, and a file that cannot be
   * read says why.
   */
  examine(path: string, spec: DataSpec): Promise<SensorTable | { readonly unreadable: string }>;
  /** The rows alone; a missing column is DATA_INVALID. */
  readGroupRows(path: string, spec: DataSpec): Promise<GroupRows>;
  /**
   * Columns as text, one cell per row, in the order of `readGroupRows`; a missing column is
   * DATA_INVALID.
   */
  readTexts(path: string, columns: readonly string[]): Promise<Record<string, string[]>>;
  /** Writes the file as `;`-separated CSV with the same rows and columns. */
  toCsv(path: string, target: string): Promise<void>;
}
