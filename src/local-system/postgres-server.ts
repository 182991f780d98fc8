import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { WindlassError } from '../errors/windlass-error.ts';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { launcherFor, postgresIdentity, type PostgresIdentity } from './postgres-identity.ts';
import { processInfo, signalProcess } from '../adapters/process/process-info.ts';
import { startProcess, type ManagedProcess, type ProcessEvent } from './process.ts';
import { waitFor } from '../base/wait-for.ts';

const run = promisify(execFile);
const CONNECT_TIMEOUT_MS = 5_000;

interface PostgresServerOptions {
  /** Folder of the embedded parts: data in `postgres/`, password in `secrets/`, log in `logs/`. */
  readonly stateDir: string;
  /** A free port; see claimPort. */
  readonly port: number;
  readonly database?: string;
  /** More `name=value` settings of the server. */
  readonly settings?: readonly string[];
  /** Start it again when it dies by itself; true by default. */
  readonly restart?: boolean;
  readonly onEvent?: (event: ProcessEvent) => void;
  readonly signal?: AbortSignal;
}

export interface PostgresServer {
  readonly url: string;
  readonly process: ManagedProcess;
  stop(): Promise<void>;
}

/**
 * Checks that a PostgreSQL server answers at a URL within five seconds; throws DATABASE_UNAVAILABLE
 * with its own words.
 */
export async function checkDatabase(url: string): Promise<{ version: string }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    const result = await client.query<{ server_version: string }>('SHOW server_version');
    return { version: result.rows[0]?.server_version ?? 'unknown' };
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    const where = url.replace(/:[^:@/]+@/, ':••••@');
    throw new WindlassError('DATABASE_UNAVAILABLE', `PostgreSQL at ${where} does not answer: ${reason}`, {
      cause: error,
      details: { reason },
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function password(stateDir: string): string {
  const file = join(stateDir, 'secrets', 'postgres-password');
  if (!existsSync(file)) {
    mkdirSync(join(stateDir, 'secrets'), { recursive: true, mode: 0o700 });
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8').trim();
}

async function initialise(
  dataDir: string,
  options: { binaries: PostgresBinaries; identity?: PostgresIdentity; secret: string; stateDir: string },
): Promise<void> {
  const { identity } = options;
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = join(options.stateDir, `initdb-${process.pid}.tmp`);
  writeFileSync(passwordFile, `${options.secret}\n`, { mode: 0o600 });
  if (identity !== undefined)
    for (const path of [dataDir, passwordFile]) chownSync(path, identity.uid, identity.gid);
  const launcher = launcherFor(options.binaries.initdb, [options.stateDir], identity);
  const args = [
    `--pgdata=${dataDir}`,
    '--auth=scram-sha-256',
    '--username=windlass',
    `--pwfile=${passwordFile}`,
  ];
  try {
    await run(launcher.command, [...launcher.prefix, ...args, '--encoding=UTF8', '--locale=C', '--no-sync'], {
      ...launcher.identity,
      timeout: 120_000,
    });
    writeFileSync(join(dataDir, 'windlass-initialised'), '');
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new WindlassError(
      'DATABASE_UNAVAILABLE',
      `A new database could not be made in ${dataDir}: ${text}`,
      {
        cause: error,
      },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * What a killed server leaves: a pid file. If its process is really this server it is ended first;
 * if the id belongs to nobody, or by now to another program, the file is stale and is removed.
 */
async function clearStale(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const info = Number.isInteger(pid) && pid > 1 ? processInfo(pid) : undefined;
  if (info?.command.includes(dataDir) === true) {
    signalProcess(pid, 'SIGINT');
    const gone = await waitFor(() => processInfo(pid) === undefined, { timeoutMs: 10_000 });
    if (gone !== true) signalProcess(pid, 'SIGQUIT');
    await waitFor(() => processInfo(pid) === undefined, { timeoutMs: 5_000 });
  }
  rmSync(file, { force: true });
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function launch(options: PostgresServerOptions, adminUrl: string): Promise<ManagedProcess> {
  const binaries = await postgresBinaries();
  const identity = postgresIdentity();
  const dataDir = join(options.stateDir, 'postgres');
  // The marker tells a complete folder from one whose making was interrupted.
  if (!existsSync(join(dataDir, 'windlass-initialised')))
    await initialise(dataDir, {
      binaries,
      identity,
      secret: password(options.stateDir),
      stateDir: options.stateDir,
    });
  if (identity !== undefined) chmodSync(dataDir, 0o700);
  await clearStale(dataDir);
  const launcher = launcherFor(binaries.postgres, [options.stateDir], identity);
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    ...(options.settings ?? []),
  ].flatMap((setting) => ['-c', setting]);
  return startProcess({
    name: 'postgres',
    command: launcher.command,
    args: [...launcher.prefix, '-D', dataDir, '-p', String(options.port), ...settings],
    identity: launcher.identity,
    cwd: '/',
    stateDir: options.stateDir,
    probe: () => checkDatabase(adminUrl).then(() => true),
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGINT', // a fast shutdown: clients are sent away, data is written
    restart: options.restart ?? true,
    errorCode: 'DATABASE_UNAVAILABLE',
    onEvent: options.onEvent,
    signal: options.signal,
  });
}

/**
 * Starts the embedded PostgreSQL on 127.0.0.1 with its data under the state folder, which is reused
 * when it is there already; gives the URL of its database. Throws DATABASE_UNAVAILABLE.
 */
export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  mkdirSync(options.stateDir, { recursive: true });
  const secret = password(options.stateDir);
  const urlOf = (database: string): string =>
    `postgres://windlass:${secret}@127.0.0.1:${options.port}/${database}`;
  const adminUrl = urlOf('postgres');
  const isOldShared = (error: unknown): boolean =>
    error instanceof WindlassError && error.message.includes('pre-existing shared memory block');
  // After kill -9 of the server its own children may need a moment to notice; until then a new one
  // is refused.
  let process: ManagedProcess | undefined;
  for (let attempt = 1; process === undefined; attempt += 1)
    try {
      process = await launch(options, adminUrl);
    } catch (error) {
      if (!isOldShared(error) || attempt === 20) throw error;
    }

  const database = options.database ?? 'windlass';
  try {
    await ensureDatabase(adminUrl, database);
  } catch (error) {
    await process.stop();
    throw error;
  }
  const started = process;
  return { url: urlOf(database), process: started, stop: () => started.stop() };
}
