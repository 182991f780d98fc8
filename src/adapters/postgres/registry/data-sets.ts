import type { Kysely, Selectable, Transaction } from 'kysely';
import type { DataRef, DataSet } from '../../../contracts/data/data-set.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { DataSetRegistry } from '../../../ports/registry/data-sets.ts';
import { lockArtefacts } from '../lock-name.ts';
import { json } from '../column-types.ts';
import type { RegistryTables } from './registry-tables.ts';
import type { Database } from '../schema.ts';

const DEFAULT_LIMIT = 100;

/** Data-set versions by the digest of their content, with the files they consist of. */
export function createDataSets(db: Kysely<Database>, clock: Clock): DataSetRegistry {
  return {
    recordData: (data, files, usedBy) =>
      db.transaction().execute(async (transaction) => {
        await lockArtefacts(transaction, 'shared');
        await insertDataSet(transaction, clock, data);
        // In portions: a statement has at most 65,535 parameters.
        for (let i = 0; i < files.length; i += 5_000)
          await transaction
            .insertInto('data_files')
            .values(
              files.slice(i, i + 5_000).map(({ path, sha256, rows, from, to }) => ({
                data_digest: data.digest,
                path,
                sha256,
                rows,
                first_at: from ?? null,
                last_at: to ?? null,
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

    dataSets: async ({ limit = DEFAULT_LIMIT } = {}) => {
      const rows = await db
        .selectFrom('data_sets')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('digest')
        .limit(limit)
        .execute();
      return rows.map(toDataSet);
    },

    dataSet: async (digest) => {
      const hex = digest.replace(/^sha256:/, '');
      if (!/^[0-9a-f]{6,64}$/.test(hex)) return undefined;
      const found = await db
        .selectFrom('data_sets')
        .selectAll()
        .where('digest', 'like', `sha256:${hex}%`)
        .limit(2)
        .execute();
      if (found.length > 1)
        throw new WindlassError('CONFLICT', `Several data sets have digests that begin with ${digest}.`, {
          hint: 'Give more digits of the digest.',
        });
      const [row] = found;
      if (row === undefined) return undefined;
      const files = await db
        .selectFrom('data_files')
        .selectAll()
        .where('data_digest', '=', row.digest)
        .orderBy('path')
        .execute();
      const fileList = files.map(({ path, sha256, rows, first_at, last_at }) => {
        return { path, sha256, rows: Number(rows), from: iso(first_at), to: iso(last_at) };
      });
      return { ...toDataSet(row), fileList };
    },
  };
}

function toDataSet(row: Selectable<RegistryTables['data_sets']>): DataSet {
  const { digest, source, files, columns, devices } = row;
  return {
    digest,
    source,
    files,
    rows: Number(row.rows),
    columns,
    from: iso(row.first_at),
    to: iso(row.last_at),
    devices,
    createdAt: row.created_at.toISOString(),
  };
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

/** Inserts the data set unless it is there. */
export async function insertDataSet(
  transaction: Transaction<Database>,
  clock: Clock,
  { digest, source, files, rows, manifest, columns, from, to, devices }: DataRef,
): Promise<void> {
  await transaction
    .insertInto('data_sets')
    .values({
      digest,
      source,
      files,
      rows,
      manifest: json(manifest),
      created_at: clock.now(),
      columns: json(columns ?? []),
      first_at: from ?? null,
      last_at: to ?? null,
      devices: devices ?? null,
    })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .execute();
}
