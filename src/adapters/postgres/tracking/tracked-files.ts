import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { TrackedFileStore } from '../../../ports/tracking-store.ts';
import type { Database } from '../schema.ts';

/** Paths of clients' files over PostgreSQL. */
export function createTrackedFiles(db: Kysely<Database>, clock: Clock): TrackedFileStore {
  const select = () => db.selectFrom('mlflow_files').selectAll();
  type Row = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>;
  const toFile = ({ path, digest, size, media_type }: Row) => ({
    ...{ path, digest, size: Number(size), mediaType: media_type },
  });
  return {
    putFile: async ({ path, digest, size, mediaType }) => {
      const content = { digest, size, media_type: mediaType, put_at: clock.now().getTime() };
      await db
        .insertInto('mlflow_files')
        .values({ path, ...content })
        .onConflict((conflict) => conflict.column('path').doUpdateSet(content))
        .execute();
    },
    file: async (path) => {
      const row = await select().where('path', '=', path).executeTakeFirst();
      return row && toFile(row);
    },
    filesBelow: async (folder) => {
      const rows = await select().where(below(folder)).orderBy('path').execute();
      return rows.map(toFile);
    },
    deleteFiles: async (path) => {
      await db
        .deleteFrom('mlflow_files')
        .where((e) => e.or([e('path', '=', path), below(path)]))
        .execute();
    },
  };
}

/** The prefix is escaped, so that its own % and _ mean themselves and the index serves it. */
function below(folder: string) {
  return sql<boolean>`path like ${`${folder.replaceAll(/[\\%_]/g, '\\$&')}/%`}`;
}
