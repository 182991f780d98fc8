import { Kysely, PostgresDialect } from 'kysely';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Database } from './schema.ts';

const { Pool } = pg;

/**
 * Failures of the way to the server; SQLSTATE classes 08 (connection), 53 (resources) and 57P
 * (shutdown) join them.
 */
const CONNECTION_FAILURES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  '3D000',
  '28000',
  '28P01',
]);

function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (CONNECTION_FAILURES.has(code) || /^(08|53|57P)/.test(code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  );
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]+:)[^@]+@/, '$1••••@');
}

/**
 * A connection pool with every query typed; connects on the first query. Queries fail with
 * DATABASE_UNAVAILABLE when the server cannot be reached; each statement has a deadline of 60 s.
 * Close it with `destroy()`.
 */
export function openDatabase(url: string): Kysely<Database> {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
    application_name: 'windlass',
  });
  // An idle connection that breaks is replaced by the next query; without a listener it would end
  // the process.
  pool.on('error', () => undefined);
  const translate = (error: unknown): never => {
    if (!isConnectionFailure(error)) throw error;
    const reason =
      error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : '';
    throw new WindlassError(
      'DATABASE_UNAVAILABLE',
      `PostgreSQL at ${withoutPassword(url)} does not answer: ${reason}`,
      { cause: error },
    );
  };
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: translated(pool, translate) }) });
}

/**
 * The driver knows a connection by its identity, so each client has one wrapper for its whole life.
 */
function translated(pool: InstanceType<typeof Pool>, translate: (error: unknown) => never): PostgresPool {
  const wrappers = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  const wrap = (client: pg.PoolClient): PostgresPoolClient => {
    const known = wrappers.get(client);
    if (known !== undefined) return known;
    client.on('error', () => undefined);
    const wrapper = Object.create(client) as pg.PoolClient;
    let broken: Error | undefined;
    const fail = (error: unknown): never => {
      if (error instanceof Error && isConnectionFailure(error)) broken = error;
      return translate(error);
    };
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    wrapper.query = ((...args: unknown[]) => {
      const result = query(...args);
      return result instanceof Promise ? result.catch(fail) : result;
    }) as pg.PoolClient['query'];
    // A broken connection must not go back into the pool, where the next query would find it.
    wrapper.release = (failure) => client.release(failure ?? broken);
    wrappers.set(client, wrapper as unknown as PostgresPoolClient);
    return wrapper as unknown as PostgresPoolClient;
  };
  return {
    connect: async () => wrap(await pool.connect().catch(translate)),
    end: async () => pool.end(),
  } as PostgresPool;
}
