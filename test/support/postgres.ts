import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { freePort } from '../../src/local-system/ports.ts';
import { startPostgresServer } from '../../src/local-system/postgres-server.ts';
import { oncePerRun } from './once-per-run.ts';

const TEMPLATE = 'windlass_template';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Durability costs time and a test needs none: the folder is thrown away after the run. */
const FAST = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'shared_buffers=64MB',
  'wal_level=minimal',
  'max_wal_senders=0',
];

/**
 * Starts the run's one PostgreSQL with its migrated template database, unless another test file
 * did; gives the template's URL.
 */
function templateUrl(): Promise<string> {
  return oncePerRun('postgres', async (run) => {
    const options = {
      stateDir: run,
      port: await freePort(),
      database: TEMPLATE,
      settings: FAST,
      restart: false,
    };
    const { url, process } = await startPostgresServer(options);
    process.unref(); // it outlives the worker of jest that happened to start it
    const db = openDatabase(url);
    try {
      await migrate(db);
    } finally {
      await db.destroy();
    }
    return url;
  });
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/**
 * A fresh database with every migration applied: a clone of the run's template, on a real
 * PostgreSQL server.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = await templateUrl();
  const admin = withDatabase(template, 'postgres');
  const name = `t_${randomBytes(6).toString('hex')}`;
  await execute(admin, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
  return {
    url: withDatabase(template, name),
    drop: () => execute(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** An empty database (no migrations) on the run's PostgreSQL server. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const template = await templateUrl();
  const admin = withDatabase(template, 'postgres');
  const name = `e_${randomBytes(6).toString('hex')}`;
  await execute(admin, `CREATE DATABASE ${name}`);
  return {
    url: withDatabase(template, name),
    drop: () => execute(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}
