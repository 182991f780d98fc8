import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { AliasStretch, Review } from '../../../contracts/model/review.ts';
import { isAliasName } from '../../../domain/registry/alias-name.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { Aliases } from '../../../ports/registry/aliases.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from '../lock-name.ts';
import { judgePromotion, modelRow, refusePromotion } from './promotion.ts';
import type { Database } from '../schema.ts';

/**
 * Names that point at versions; every change is judged first, and keeps the stretch of time before
 * it.
 */
export function createModelAliases(db: Kysely<Database>, clock: Clock): Aliases {
  return {
    setAlias: (target, by) =>
      db.transaction().execute(async (transaction) => {
        const { name, alias, version } = target;
        checkName(alias);
        await lockName(transaction, 'model', name);
        const model = await modelRow(transaction, name, version);
        const current = await currentOf(transaction, target);
        if (current?.version === model.version) return;
        const gates = await judgePromotion(transaction, model, alias);
        refusePromotion(`${name}@${version}`, `be ${alias}`, gates);
        const since = await end(transaction, clock, current);
        await transaction
          .insertInto('model_aliases')
          .values({
            name,
            alias,
            since,
            version: model.version,
            until: null,
            set_by: by.actor,
            reason: by.reason,
          })
          .execute();
        const from = current === undefined ? null : String(current.version);
        await note(transaction, clock, { ...target, by, action: 'alias.set', details: { alias, from } });
      }),

    removeAlias: (target, by) =>
      db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'model', target.name);
        const current = await currentOf(transaction, target);
        if (current === undefined) return;
        await end(transaction, clock, current);
        const version = String(current.version);
        const details = { alias: target.alias };
        await note(transaction, clock, { ...target, version, by, action: 'alias.removed', details });
      }),

    promotionGates: async (name, version, alias) =>
      judgePromotion(db, await modelRow(db, name, version), alias),
    aliasAt: async (name, alias, at) => (await readStretches(db, { name, alias, at }))[0],
    aliasHistory: async (name, alias) => readStretches(db, { name, alias }),
  };
}

function checkName(alias: string): void {
  if (isAliasName(alias)) return;
  throw new WindlassError(
    'INPUT_INVALID',
    `"${alias}" cannot be an alias: expected lower-case letters, digits and dashes, e.g. "champion".`,
  );
}

type Current = Awaited<ReturnType<typeof currentOf>>;

function currentOf(transaction: Transaction<Database>, { name, alias }: { name: string; alias: string }) {
  return transaction
    .selectFrom('model_aliases')
    .select(['id', 'version', 'since'])
    .where('name', '=', name)
    .where('alias', '=', alias)
    .where('until', 'is', null)
    .executeTakeFirst();
}

/**
 * Ends the stretch, now; clocks of several machines differ a little, so it never ends before it
 * began.
 */
async function end(transaction: Transaction<Database>, clock: Clock, current: Current): Promise<Date> {
  const now = new Date(Math.max(clock.now().getTime(), current?.since.getTime() ?? 0));
  if (current !== undefined)
    await transaction.updateTable('model_aliases').set({ until: now }).where('id', '=', current.id).execute();
  return now;
}

async function note(
  transaction: Transaction<Database>,
  clock: Clock,
  event: { name: string; version: string; by: Actor; action: string; details: Record<string, unknown> },
): Promise<void> {
  const { name, version, by, action, details } = event;
  await appendAudit(transaction, clock, { ...by, action, subject: `model/${name}@${version}`, details });
}

/**
 * Stretches of a name's aliases, newest first, each with the approvals that stood when it began:
 * one query.
 */
async function readStretches(
  db: Kysely<Database>,
  { name, alias, at }: { name: string; alias?: string | undefined; at?: Date },
): Promise<AliasStretch[]> {
  const rows = await db
    .selectFrom('model_aliases as a')
    .select(['alias', 'version', 'set_by', 'since', 'until', 'reason'])
    .select(
      sql<Review[]>`coalesce((
        select jsonb_agg(jsonb_build_object('actor', r.actor, 'decision', r.decision, 'reason', r.reason, 'at', r.at)
                         order by r.id)
          from (select distinct on (actor) * from model_reviews
                 where name = a.name and version = a.version and at <= a.since order by actor, id desc) r
         where r.decision = 'approve'), '[]')`.as('approvals'),
    )
    .where('name', '=', name)
    .$if(alias !== undefined, (query) => query.where('alias', '=', alias ?? ''))
    .$if(at !== undefined, (query) =>
      query
        .where('since', '<=', at ?? new Date())
        .where((e) => e.or([e('until', 'is', null), e('until', '>', at ?? new Date())])),
    )
    .orderBy('since', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(({ version, set_by: by, since, until, approvals, ...row }) => ({
    ...row,
    version: String(version),
    by,
    since: since.toISOString(),
    until: until?.toISOString() ?? null,
    approvals: approvals.map((r) => ({ ...r, at: new Date(r.at).toISOString() })),
  }));
}
