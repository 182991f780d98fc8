import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Cell, DataSpec, TableSource } from '../../domain/data/sensor-table.ts';

const NUMERIC = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U[A-Z]+INT|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/;
const TEMPORAL = /^(TIMESTAMP.*|DATE)$/;

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const name = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** Runs work on an in-process DuckDB that loads nothing from outside; a path that it would take for a pattern is copied. */
async function withParquet<T>(
  path: string,
  work: (connection: DuckDBConnection, table: string) => Promise<T>,
): Promise<T> {
  const folder = /[*?[\]{}]/.test(path) ? await mkdtemp(join(tmpdir(), 'windlass-parquet-')) : undefined;
  const readable = folder === undefined ? path : join(folder, 'data.parquet');
  try {
    if (folder !== undefined) await copyFile(path, readable);
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      threads: '2',
    });
    const connection = await instance.connect();
    try {
      return await work(connection, `read_parquet(${text(readable)})`);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function columnsOf(connection: DuckDBConnection, table: string): Promise<Map<string, string>> {
  const reader = await connection.runAndReadAll(`describe select * from ${table}`);
  const [names = [], types = []] = reader.getColumnsJS();
  return new Map(names.map((column, i) => [String(column), String(types[i])]));
}

/** Column names and number of rows of a Parquet file. */
export function describeParquet(path: string): Promise<{ rows: number; columns: string[] }> {
  return withParquet(path, async (connection, table) => {
    const columns = [...(await columnsOf(connection, table)).keys()];
    const reader = await connection.runAndReadAll(`select count(*)::double from ${table}`);
    return { rows: Number(reader.getColumnsJS()[0]?.[0] ?? 0), columns };
  });
}

/** The columns of a Parquet file that the spec names: times as ms since 1970 (UTC), numbers as they are, other types as text. */
export function readParquet(path: string, spec: DataSpec): Promise<TableSource> {
  return withParquet(path, async (connection, table) => {
    const types = await columnsOf(connection, table);
    const header = [...types.keys()];
    const wanted = new Set([spec.timestamp, spec.label, ...spec.columns.map((column) => column.name)]);
    const selected = header.map((column) => {
      const type = types.get(column) ?? '';
      if (!wanted.has(column)) return 'null';
      if (TEMPORAL.test(type)) return `epoch_ms(${name(column)}::timestamptz)::double`;
      return NUMERIC.test(type) ? `${name(column)}::double` : `${name(column)}::varchar`;
    });
    await connection.run(`set timezone = 'UTC'`);
    const reader = await connection.runAndReadAll(`select ${selected.join(', ')} from ${table}`);
    const columns = reader.getColumnsJS() as Cell[][];
    const rows = columns[0]?.length ?? 0;
    return {
      header,
      *rows() {
        for (let row = 0; row < rows; row += 1)
          yield { line: row + 1, cells: columns.map((column) => column[row]), malformed: false };
      },
    };
  });
}

/** Writes a Parquet file as `;`-separated CSV with header. */
export function parquetToCsv(path: string, target: string): Promise<void> {
  return withParquet(path, async (connection, table) => {
    await connection.run(`set timezone = 'UTC'`);
    await connection.run(
      `copy (select * from ${table}) to ${text(target)} (format csv, delimiter ';', header true)`,
    );
  });
}
