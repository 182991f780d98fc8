import { sql } from 'kysely';
import type { RawBuilder, Transaction } from 'kysely';
import type { Database } from './schema.ts';

const PORTION = 200;

/**
 * The rows of a query as of now, a few hundred at a time (a cursor), so that a long table never
 * fills the memory.
 */
export async function* rowsOf<T>(
  transaction: Transaction<Database>,
  query: RawBuilder<T>,
): AsyncGenerator<T> {
  await sql`declare rows_of no scroll cursor for ${query}`.execute(transaction);
  try {
    for (;;) {
      const { rows } = await sql<T>`fetch forward ${sql.lit(PORTION)} from rows_of`.execute(transaction);
      yield* rows;
      if (rows.length < PORTION) return;
    }
  } finally {
    await sql`close rows_of`.execute(transaction);
  }
}
