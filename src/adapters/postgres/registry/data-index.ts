import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { DataIndex } from '../../../ports/data-index.ts';
import { json } from '../column-types.ts';
import type { Database } from '../schema.ts';

/** Rows per statement: a statement has at most 65,535 parameters. */
const PORTION = 5_000;

/** What earlier snapshots read, kept in the database, so that every worker knows it. */
export function createDataIndex(db: Kysely<Database>, clock: Clock): DataIndex {
  return {
    read: async (source) => {
      const rows = await db
        .selectFrom('data_file_index')
        .select(['path', 'entry'])
        .where('source', '=', source)
        .execute();
      return new Map(rows.map(({ path, entry }) => [path, entry]));
    },
    write: async (source, files) => {
      const rows = [...files].map(([path, entry]) => {
        return { source, path, entry: json(entry), read_at: clock.now() };
      });
      for (let i = 0; i < rows.length; i += PORTION)
        await db
          .insertInto('data_file_index')
          .values(rows.slice(i, i + PORTION))
          .onConflict((conflict) =>
            conflict.columns(['source', 'path']).doUpdateSet(({ ref }) => ({
              entry: ref('excluded.entry'),
              read_at: ref('excluded.read_at'),
            })),
          )
          .execute();
    },
  };
}
