import type { Kysely, Transaction } from 'kysely';
import type { DataRef } from '../../contracts/build.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Registry } from '../../ports/registry.ts';
import { json } from './registry-tables.ts';
import type { Database } from './schema.ts';

/** Data-set versions by the digest of their content, with the files they consist of. */
export function createDataSets(
  db: Kysely<Database>,
  clock: Clock,
): Pick<Registry, 'recordData' | 'lastData'> {
  return {
    recordData: (data, files, usedBy) =>
      db.transaction().execute(async (transaction) => {
        await insertDataSet(transaction, clock, data);
        // In portions: a statement has at most 65,535 parameters.
        for (let i = 0; i < files.length; i += 5_000)
          await transaction
            .insertInto('data_files')
            .values(
              files.slice(i, i + 5_000).map(({ path, sha256, rows }) => ({
                data_digest: data.digest,
                ...{ path, sha256, rows },
              })),
            )
            .onConflict((conflict) => conflict.columns(['data_digest', 'path']).doNothing())
            .execute();
        if (usedBy === undefined) return;
        const use = { data_digest: data.digest, source: data.source, used_at: clock.now() };
        await transaction
          .insertInto('pipeline_data')
          .values({ pipeline: usedBy, ...use })
          .onConflict((conflict) => conflict.column('pipeline').doUpdateSet(use))
          .execute();
      }),

    lastData: async (pipeline) => {
      const row = await db
        .selectFrom('pipeline_data')
        .innerJoin('data_sets', 'data_sets.digest', 'pipeline_data.data_digest')
        .select(['digest', 'pipeline_data.source', 'files', 'rows', 'manifest'])
        .where('pipeline', '=', pipeline)
        .executeTakeFirst();
      return row && { ...row, rows: Number(row.rows) };
    },
  };
}

/** Inserts the data set unless it is there. */
export async function insertDataSet(
  transaction: Transaction<Database>,
  clock: Clock,
  { digest, source, files, rows, manifest }: DataRef,
): Promise<void> {
  await transaction
    .insertInto('data_sets')
    .values({ ...{ digest, source, files, rows }, manifest: json(manifest), created_at: clock.now() })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
}
