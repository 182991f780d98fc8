import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { ArtefactStore } from '../../../../ports/artefact-store.ts';
import type { Clock } from '../../../../ports/clock.ts';
import type { TrackedFileStore } from '../../../../ports/tracking-store.ts';
import { holdArtefacts } from '../../registry/hold-artefacts.ts';
import { lockName } from '../../lock-name.ts';
import type { Database } from '../../schema.ts';

/** Paths of clients' files over PostgreSQL. */
export function createTrackedFiles(
  db: Kysely<Database>,
  { clock, artefacts }: { clock: Clock; artefacts?: Pick<ArtefactStore, 'has'> | undefined },
): TrackedFileStore {
  const select = () => db.selectFrom('mlflow_files').selectAll();
  type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;
  const toFile = ({ path, digest, size, media_type }: Row) => ({
    path,
    digest,
    size: Number(size),
    mediaType: media_type,
  });
  return {
    putFile: ({ path, digest, size, mediaType }) =>
      db.transaction().execute(async (transaction) => {
        await holdArtefacts(transaction, artefacts, [digest]);
        await lockName(transaction, 'mlflow file', path);
        const before = await transaction
          .selectFrom('mlflow_files')
          .select('digest')
          .where('path', '=', path)
          .executeTakeFirst();
        const content = { digest, size, media_type: mediaType, put_at: clock.now().getTime() };
        await transaction
          .insertInto('mlflow_files')
          .values({ path, ...content })
          .onConflict((conflict) => conflict.column('path').doUpdateSet(content))
          .execute();
        if (before !== undefined && before.digest !== digest)
          await release(transaction, clock, [before.digest]);
      }),
    file: async (path) => {
      const row = await select().where('path', '=', path).executeTakeFirst();
      return row && toFile(row);
    },
    filesBelow: async (folder) => {
      const rows = await select().where(below(folder)).orderBy('path').execute();
      return rows.map(toFile);
    },
    deleteFiles: (path) =>
      db.transaction().execute(async (transaction) => {
        const deleted = await transaction
          .deleteFrom('mlflow_files')
          .where((e) => e.or([e('path', '=', path), below(path)]))
          .returning('digest')
          .execute();
        await release(
          transaction,
          clock,
          deleted.map((row) => row.digest),
        );
      }),
  };
}

/**
 * Notes bytes that no path has any more, or not this one: retention looks whether anything else
 * needs them.
 */
async function release(
  transaction: Transaction<Database>,
  clock: Clock,
  digests: readonly string[],
): Promise<void> {
  const released_at = clock.now();
  const rows = [...new Set(digests)].map((digest) => ({ digest, released_at }));
  // In portions: a statement has at most 65,535 parameters.
  for (let i = 0; i < rows.length; i += 5_000)
    await transaction
      .insertInto('released_artefacts')
      .values(rows.slice(i, i + 5_000))
      .onConflict((conflict) => conflict.column('digest').doUpdateSet({ released_at }))
      .execute();
}

/** The prefix is escaped, so that its own % and _ mean themselves and the index serves it. */
function below(folder: string) {
  return sql<boolean>`path like ${`${folder.replaceAll(/[\\%_]/g, '\\$&')}/%`}`;
}
