import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { sha256Hex } from '../../base/digest.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Database } from './schema.ts';

const FOLDER = join(import.meta.dirname, 'migrations');
/**
 * Key of the advisory lock that lets one process migrate at a time ("windlass" in ASCII, cut to 63
 * bits).
 */
const LOCK = 0x77696e646c617373n;

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
  readonly text: string;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const name of names) {
    const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
    if (!Number.isInteger(number))
      throw new WindlassError('INTERNAL', `The migration ${name} is not named NNNN_words.sql.`);
    if (migrations.at(-1)?.number === number)
      throw new WindlassError('INTERNAL', `Two migrations have the number ${number}: ${name} is the second.`);
    const text = await readFile(join(folder, name), 'utf8');
    const sha256 = sha256Hex(text.replaceAll('\r\n', '\n'));
    migrations.push({ number, name, sha256, text });
  }
  return migrations;
}

function checkApplied(
  known: readonly Migration[],
  row: { number: number; name: string; sha256: string },
): void {
  const migration = known.find((m) => m.number === row.number);
  if (migration === undefined)
    throw new WindlassError(
      'MIGRATION_MISMATCH',
      `The database has the migration ${row.name}, which this version of Windlass does not know.`,
      { hint: 'The database belongs to a newer version of Windlass: run that version.' },
    );
  if (migration.sha256 !== row.sha256)
    throw new WindlassError(
      'MIGRATION_MISMATCH',
      `The migration ${migration.name} was applied with other content than it has now.`,
      { details: { migration: migration.name, applied: row.sha256, found: migration.sha256 } },
    );
}

/**
 * Applies the numbered `.sql` files that the database has not seen, each in a transaction, one
 * process at a time; returns their names. Throws MIGRATION_MISMATCH when an applied file was edited
 * or is unknown.
 */
export async function migrate(db: Kysely<Database>, folder: string = FOLDER): Promise<string[]> {
  const migrations = await readMigrations(folder);
  return db.connection().execute(async (connection) => {
    await sql`set statement_timeout = 0`.execute(connection);
    await sql`select pg_advisory_lock(${LOCK})`.execute(connection);
    try {
      await sql`create table if not exists windlass_migrations (
        number integer primary key, name text not null, sha256 text not null,
        applied_at timestamptz not null default now())`.execute(connection);
      const { rows } = await sql<{ number: number; name: string; sha256: string }>`
        select number, name, sha256 from windlass_migrations order by number`.execute(connection);
      for (const row of rows) checkApplied(migrations, row);
      const applied = new Set(rows.map((row) => row.number));
      const open = migrations.filter((m) => !applied.has(m.number));
      for (const migration of open) await apply(connection, migration);
      return open.map((m) => m.name);
    } finally {
      await sql`select pg_advisory_unlock(${LOCK})`.execute(connection);
      await sql`reset statement_timeout`.execute(connection);
    }
  });
}

async function apply(connection: Kysely<Database>, migration: Migration): Promise<void> {
  await connection.transaction().execute(async (transaction) => {
    await sql.raw(migration.text).execute(transaction);
    await sql`insert into windlass_migrations (number, name, sha256)
      values (${migration.number}, ${migration.name}, ${migration.sha256})`.execute(transaction);
  });
}
