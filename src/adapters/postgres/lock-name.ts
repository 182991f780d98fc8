import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Makes transactions about the same thing run one after the other; released when the transaction ends. */
export async function lockName(
  transaction: Transaction<Database>,
  kind: string,
  name: string,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${kind} ${name}`}, 0))`.execute(transaction);
}
