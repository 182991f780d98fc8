import type { Kysely } from 'kysely';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Registry } from '../../ports/registry.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from './lock-name.ts';
import { versionNumber } from './pipeline-versions.ts';
import type { Database } from './schema.ts';

/** Names that point at versions; every change keeps the stretch of time before it. */
export function createModelAliases(
  db: Kysely<Database>,
  clock: Clock,
): Pick<Registry, 'setAlias' | 'aliasAt'> {
  return {
    setAlias: ({ name, alias, version }, by) =>
      db.transaction().execute(async (transaction) => {
        if (!/^[a-z][a-z0-9-]*$/.test(alias) || alias === 'latest')
          throw new WindlassError(
            'INPUT_INVALID',
            `"${alias}" cannot be an alias: expected lower-case letters, digits and dashes, e.g. "champion".`,
          );
        await lockName(transaction, 'model', name);
        const number = versionNumber(version);
        const model = await transaction
          .selectFrom('models')
          .select('version')
          .where('name', '=', name)
          .where('version', '=', number ?? 0)
          .executeTakeFirst();
        if (model === undefined)
          throw new WindlassError('NOT_FOUND', `There is no model version ${name}@${version}.`);
        const current = await transaction
          .selectFrom('model_aliases')
          .selectAll()
          .where('name', '=', name)
          .where('alias', '=', alias)
          .where('until', 'is', null)
          .executeTakeFirst();
        if (current?.version === model.version) return;
        // Clocks of several machines differ a little: a stretch never ends before it began.
        const since = new Date(Math.max(clock.now().getTime(), current?.since.getTime() ?? 0));
        if (current !== undefined)
          await transaction
            .updateTable('model_aliases')
            .set({ until: since })
            .where('id', '=', current.id)
            .execute();
        await transaction
          .insertInto('model_aliases')
          .values({
            ...{ name, alias, since },
            version: model.version,
            until: null,
            set_by: by.actor,
            reason: by.reason,
          })
          .execute();
        await appendAudit(transaction, clock, {
          ...by,
          action: 'alias.set',
          subject: `model/${name}@${model.version}`,
          details: { alias, from: current === undefined ? null : String(current.version) },
        });
      }),

    aliasAt: async (name, alias, at) => {
      const row = await db
        .selectFrom('model_aliases')
        .select(['version', 'set_by', 'since', 'reason'])
        .where('name', '=', name)
        .where('alias', '=', alias)
        .where('since', '<=', at)
        .where((e) => e.or([e('until', 'is', null), e('until', '>', at)]))
        .orderBy('since', 'desc')
        .orderBy('id', 'desc')
        .executeTakeFirst();
      return (
        row && {
          version: String(row.version),
          by: row.set_by,
          since: row.since.toISOString(),
          reason: row.reason,
        }
      );
    },
  };
}
