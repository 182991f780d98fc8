import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { firstLineOf } from '../../base/error-message.ts';
import { parseCsv } from '../../domain/data/csv.ts';
import type { CsvTable } from '../../domain/data/csv.ts';
import { buildSensorTable } from '../../domain/data/sensor-table.ts';
import type { DataSpec, SensorTable, TableSource } from '../../domain/data/sensor-table.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { GroupRows, SensorFiles } from '../../ports/sensor-files.ts';
import { summariseTable } from '../../domain/data/table-summary.ts';
import type { TableSummary } from '../../domain/data/table-summary.ts';
import { parquetToCsv, readParquet } from './parquet.ts';

/** Reads and converts sensor data files: CSV by a strict reader of our own, Parquet by DuckDB. */
export const sensorFiles: SensorFiles = { describe, examine, readGroupRows, readTexts, toCsv };

const isParquet = (path: string): boolean => /\.parquet$/i.test(path);

/** Largest header of a CSV file, in bytes; a longer first line is no header. */
const MAX_HEADER = 65_536;
/** Largest CSV file, in bytes: what fits into one string. */
const MAX_CSV = 500_000_000;

async function describe(path: string, { timestamp }: Pick<DataSpec, 'timestamp'>): Promise<TableSummary> {
  const source = isParquet(path)
    ? await parquet(path, () => readParquet(path, { timestamp, names: [timestamp] }))
    : await openCsv(path);
  return summariseTable(source, timestamp);
}

async function examine(path: string, spec: DataSpec): Promise<SensorTable | { unreadable: string }> {
  try {
    return await readTable(path, spec);
  } catch (error) {
    if (!(error instanceof WindlassError)) throw error;
    const { reason } = (error.details ?? {}) as { reason?: string };
    return { unreadable: reason ?? error.message };
  }
}

async function readTable(path: string, spec: DataSpec): Promise<SensorTable> {
  const source: TableSource = isParquet(path)
    ? await parquet(path, () =>
        readParquet(path, {
          timestamp: spec.timestamp,
          names: [spec.timestamp, spec.label, ...spec.columns.map((column) => column.name)],
        }),
      )
    : await openCsv(path);
  return buildSensorTable(source, spec);
}

/**
 * The rows of one file in the order of windlass.yaml's columns; throws DATA_INVALID when a column
 * is missing.
 */
export async function readGroupRows(path: string, spec: DataSpec): Promise<GroupRows> {
  const { rows, times, values, labels, missingColumns } = await readTable(path, spec);
  if (missingColumns.length > 0)
    throw new WindlassError(
      'DATA_INVALID',
      `${basename(path)} has no column ${missingColumns.map((column) => `"${column}"`).join(', ')}.`,
    );
  return { rows, times, values, labels };
}

async function readTexts(path: string, columns: readonly string[]): Promise<Record<string, string[]>> {
  const source: TableSource = isParquet(path)
    ? await parquet(path, () => readParquet(path, { timestamp: '', names: columns }))
    : await openCsv(path);
  const at = columns.map((column) => source.header.indexOf(column));
  const absent = columns.filter((_, k) => at[k] === -1);
  if (absent.length > 0)
    throw new WindlassError(
      'DATA_INVALID',
      `${basename(path)} has no column ${absent.map((column) => `"${column}"`).join(', ')}.`,
    );
  const texts = columns.map((): string[] => []);
  for (const { cells } of source.rows()) at.forEach((i, k) => texts[k]?.push(String(cells[i] ?? '')));
  return Object.fromEntries(columns.map((column, k) => [column, texts[k] ?? []]));
}

async function toCsv(path: string, target: string): Promise<void> {
  if (isParquet(path)) return parquet(path, () => parquetToCsv(path, target));
  const csv = await openCsv(path);
  if (csv.delimiter === ';') return copyFile(path, target);
  const lines = [csv.header, ...[...csv.rows()].map((row) => row.cells)];
  const cell = (text: string): string => (/[;"\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  await writeFile(target, lines.map((cells) => `${cells.map(cell).join(';')}\n`).join(''));
}

async function openCsv(path: string): Promise<CsvTable> {
  const { size } = await stat(path);
  if (size > MAX_CSV)
    throw unreadable(
      path,
      `${Math.round(size / 1e6)} MB is too much for one CSV file: split it, or use Parquet`,
    );
  const bytes = await readFile(path);
  if (bytes.subarray(0, MAX_HEADER).indexOf(10) === -1 && bytes.length > MAX_HEADER)
    throw unreadable(path, `there is no header: the first line is longer than ${MAX_HEADER} bytes`);
  const text = decode(bytes, path);
  const csv = parseCsv(text);
  if (csv === undefined)
    throw unreadable(path, bytes.length === 0 ? 'the file is empty' : 'there is no header');
  return csv;
}

function decode(bytes: Buffer, path: string): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable(path, 'it is not UTF-8 text (compressed, or another encoding?)', error);
  }
  if (text.includes('\0')) throw unreadable(path, 'it holds NUL characters, so it is not text');
  return text;
}

async function parquet<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, `it cannot be read as Parquet: ${firstLineOf(error)}`, error);
  }
}

function unreadable(path: string, reason: string, cause?: unknown): WindlassError {
  return new WindlassError('DATA_INVALID', `${basename(path)}: ${reason}`, { cause, details: { reason } });
}
