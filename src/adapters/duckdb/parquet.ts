import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { withTempFolder } from '../../base/temp-folder.ts';
import type { Cell, TableSource } from '../../domain/data/sensor-table.ts';
import { identifier, literal } from './sql-text.ts';

const NUMERIC = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U[A-Z]+INT|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/;
const TEMPORAL = /^(TIMESTAMP.*|DATE)$/;

/**
 * Runs work on an in-process DuckDB that loads nothing from outside; a path that it would take for
 * a pattern is copied.
 */
function withParquet<T>(
  path: string,
  work: (connection: DuckDBConnection, file: string) => Promise<T>,
): Promise<T> {
  if (!/[*?[\]{}]/.test(path)) return withConnection((connection) => work(connection, literal(path)));
  return withTempFolder(async (folder) => {
    const copy = join(folder, 'data.parquet');
    await copyFile(path, copy);
    return withConnection((connection) => work(connection, literal(copy)));
  });
}

async function withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: '2',
  });
  const connection = await instance.connect();
  try {
    await connection.run(`set timezone = 'UTC'`);
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

interface ParquetColumn {
  /**
   * As it stands in the file; DuckDB calls the second of two equal ones `name_1`, and those that
   * differ in case too.
   */
  readonly name: string;
  readonly readAs: string;
  readonly type: string;
}

async function columnsOf(connection: DuckDBConnection, file: string): Promise<ParquetColumn[]> {
  const described = await connection.runAndReadAll(`describe select * from read_parquet(${file})`);
  const [readAs = [], types = []] = described.getColumnsJS();
  const schema = await connection.runAndReadAll(
    `select name, coalesce(num_children, 0)::integer from parquet_schema(${file})`,
  );
  const names = topLevelNames(schema.getRowsJS() as [string, number][]);
  return readAs.map((column, i) => ({
    name: names[i] ?? String(column),
    readAs: String(column),
    type: String(types[i]),
  }));
}

/** The schema is a tree in depth-first order; its first node is the root. */
function topLevelNames(nodes: readonly (readonly [name: string, children: number])[]): string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = nodes[at]?.[1] ?? 0;
    at += 1;
    for (let i = 0; i < children; i += 1) skip();
  };
  while (at < nodes.length) {
    names.push(nodes[at]?.[0] ?? '');
    skip();
  }
  return names;
}

/**
 * The named columns of a Parquet file (others are null): times as ms since 1970 (UTC), numbers as
 * they are, other types as text. A time column of numbers is given as digits, whose size says
 * whether they are seconds or milliseconds.
 */
export function readParquet(
  path: string,
  { timestamp, names }: { readonly timestamp: string; readonly names: readonly string[] },
): Promise<TableSource> {
  return withParquet(path, async (connection, file) => {
    const columns = await columnsOf(connection, file);
    const selected = columns.map(({ name, readAs, type }) => {
      const column = identifier(readAs);
      if (!names.includes(name)) return 'null';
      if (TEMPORAL.test(type)) return `epoch_ms(${column}::timestamptz)::double`;
      if (!NUMERIC.test(type)) return `${column}::varchar`;
      if (name !== timestamp) return `${column}::double`;
      return `coalesce(case when ${column} = floor(${column}) then try_cast(${column} as bigint) end::varchar, ${column}::varchar)`;
    });
    const reader = await connection.runAndReadAll(`select ${selected.join(', ')} from read_parquet(${file})`);
    const cells = reader.getColumnsJS() as Cell[][];
    const rows = cells[0]?.length ?? 0;
    return {
      header: columns.map(({ name }) => name),
      *rows() {
        for (let row = 0; row < rows; row += 1)
          yield { line: row + 1, cells: cells.map((column) => column[row]), malformed: false };
      },
    };
  });
}

/** Writes a Parquet file as `;`-separated CSV with header. */
export function parquetToCsv(path: string, target: string): Promise<void> {
  return withParquet(path, async (connection, file) => {
    await connection.run(
      `copy (select * from read_parquet(${file})) to ${literal(target)} (format csv, delimiter ';', header true)`,
    );
  });
}
