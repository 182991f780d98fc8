import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Database } from './schema.ts';

/**
 * Makes transactions about the same thing run one after the other; released when the transaction
 * ends.
 */
export async function lockName(
  transaction: Transaction<Database>,
  kind: string,
  name: string,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${kind} ${name}`}, 0))`.execute(transaction);
}

/**
 * What begins to name artefacts shares this lock, retention has it alone: nothing is registered
 * while bytes are removed. Take it before any other.
 */
export async function lockArtefacts(
  transaction: Transaction<Database>,
  how: 'shared' | 'exclusive',
): Promise<void> {
  const call = sql.raw(how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock');
  await sql`select ${call}(hashtextextended('windlass artefacts', 0))`.execute(transaction);
}
