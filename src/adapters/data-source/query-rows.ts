import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { DuckDBInstance, StatementType } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { firstLineOf } from '../../base/error-message.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { DataSource, SourceFile } from '../../ports/data-source.ts';
import { identifier, literal } from '../duckdb/sql-text.ts';
import { byPath, isSafePath } from './data-files.ts';

/** What one query may take: seconds, memory, and disk where memory is not enough. */
const LIMITS = { seconds: 600, memory: '1GB', disk: '4GB', groups: 10_000 } as const;
/** The column that says to which group a row belongs; it names the file and is left out of it. */
const GROUP = 'group';

interface Query {
  readonly file: string;
  readonly folder: string;
  readonly out: string;
  readonly timestamp: string;
}

/**
 * The rows of one SELECT over CSV and Parquet files, one Parquet file per value of its column
 * "group", ordered by time and then by every column: the same query over the same files gives the
 * same bytes. The query may read below its folder (`getvariable('data')`) and nothing else, and
 * write nothing.
 */
export async function openQuery(
  { file, folder }: { readonly file: string; readonly folder?: string },
  { cwd, timestamp }: { readonly cwd: string; readonly timestamp: string },
): Promise<DataSource> {
  const path = resolve(cwd, file);
  const data = folder === undefined ? dirname(path) : resolve(cwd, folder);
  const sql = await readFile(path, 'utf8').catch(() => {
    throw new WindlassError('DATA_NOT_FOUND', `There is no query ${path}.`);
  });
  if ((await stat(data).catch(() => undefined))?.isDirectory() !== true)
    throw new WindlassError('DATA_NOT_FOUND', `There is no folder ${data} for the query to read.`);
  const out = await mkdtemp(join(tmpdir(), 'windlass-query-'));
  const close = (): Promise<void> => rm(out, { recursive: true, force: true });
  try {
    const files = await runQuery(sql, { file: path, folder: data, out, timestamp });
    const numbers = new Map(files.map((listed, i) => [listed.path, i]));
    return {
      name: `sql:${path}#${data}`,
      files: files.sort(byPath),
      withFile: ({ path: wanted }, work) => work(join(out, `${numbers.get(wanted)}.parquet`)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function runQuery(sql: string, query: Query): Promise<SourceFile[]> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: '1', // sums of floating-point numbers depend on how rows are spread over threads
    memory_limit: LIMITS.memory,
    temp_directory: query.out,
    max_temp_directory_size: LIMITS.disk,
  });
  const connection = await instance.connect();
  const timer = setTimeout(() => connection.interrupt(), LIMITS.seconds * 1000);
  try {
    await lockDown(connection, query);
    return await writeGroups(connection, sql, query);
  } catch (error) {
    if (error instanceof WindlassError) throw error;
    throw refused(query, `it failed: ${firstLineOf(error)}`, error);
  } finally {
    clearTimeout(timer);
    connection.closeSync();
    instance.closeSync();
  }
}

async function lockDown(connection: DuckDBConnection, { folder, out }: Query): Promise<void> {
  for (const setting of [
    `timezone = 'UTC'`,
    `variable data = ${literal(folder)}`,
    `allowed_directories = [${literal(folder)}, ${literal(out)}]`,
    'enable_external_access = false',
    'lock_configuration = true',
  ])
    await connection.run(`set ${setting}`);
}

async function writeGroups(connection: DuckDBConnection, sql: string, query: Query): Promise<SourceFile[]> {
  const statements = await connection.extractStatements(sql);
  const type = statements.count === 1 ? (await statements.prepare(0)).statementType : undefined;
  if (type !== StatementType.SELECT) throw refused(query, 'it must be one SELECT');
  await connection.run(`create temp table result as ${sql.trim().replace(/;\s*$/, '')}`);
  const described = await connection.runAndReadAll('describe result');
  const columns = (described.getColumnsJS()[0] ?? []).map(String);
  const lacking = [GROUP, query.timestamp].filter((column) => !columns.includes(column));
  if (lacking.length > 0)
    throw refused(query, `its result has no column ${lacking.map((c) => `"${c}"`).join(' and no ')}`);
  const counted = await connection.runAndReadAll(
    `select distinct "${GROUP}"::varchar from result order by 1`,
  );
  const groups = (counted.getColumnsJS()[0] ?? []) as (string | null)[];
  if (groups.length === 0) throw new WindlassError('DATA_NOT_FOUND', `${query.file} gives no rows.`);
  if (groups.length > LIMITS.groups)
    throw refused(query, `it gives ${groups.length} groups; ${LIMITS.groups} are allowed`);
  const rest = columns.filter((column) => column !== GROUP && column !== query.timestamp);
  const order = [query.timestamp, ...rest].map(identifier).join(', ');
  const files: SourceFile[] = [];
  for (const [i, group] of groups.entries()) {
    if (group === null || !isSafePath(group))
      throw refused(query, `the group ${JSON.stringify(group)} cannot be the name of a file`);
    const target = join(query.out, `${i}.parquet`);
    await connection.run(
      `copy (select ${columns
        .filter((c) => c !== GROUP)
        .map(identifier)
        .join(
          ', ',
        )} from result where "${GROUP}"::varchar = ${literal(group)} order by ${order}) to ${literal(target)} (format parquet, compression zstd)`,
    );
    files.push({ path: `${group}.parquet`, size: (await stat(target)).size, stamp: '', settled: false });
  }
  return files;
}

function refused({ file }: Query, problem: string, cause?: unknown): WindlassError {
  return new WindlassError('DATA_INVALID', `The query ${basename(file)} cannot be taken: ${problem}.`, {
    cause,
    hint: `One SELECT with a column "${GROUP}" and the time column, over files below getvariable('data'), e.g. select pump as "group", * exclude (pump) from read_parquet(getvariable('data') || '/*.parquet').`,
  });
}
