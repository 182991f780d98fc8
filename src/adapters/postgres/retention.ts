import type { Kysely, Transaction } from 'kysely';
import { decideRetention } from '../../domain/registry/retention.ts';
import type { RetentionRule } from '../../domain/registry/retention.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Actor } from '../../ports/registry.ts';
import type { Retention, RetentionPlan } from '../../ports/retention.ts';
import { mentionedBy, staleSteps, stillNeeded } from './artefact-references.ts';
import { appendAudit } from './audit-log.ts';
import { lockArtefacts, lockName } from './lock-name.ts';
import type { Database } from './schema.ts';
import { readUses } from './version-uses.ts';

interface Asked {
  readonly rule: RetentionRule;
  readonly model?: string | undefined;
}

type Bytes = Pick<ArtefactStore, 'stat' | 'remove'>;

/**
 * Retention in two transactions: the first marks versions deleted and forgets cached steps, the second removes the bytes that
 * nothing needs any more. Both shut registrations out, which for their part refuse artefacts that are gone.
 */
export function createRetention(
  db: Kysely<Database>,
  { clock, artefacts }: { clock: Clock; artefacts: Bytes },
): Retention {
  return {
    plan: async (rule, model) => (await makePlan(db, { rule, model }, { clock, artefacts })).plan,

    apply: async (asked, by) => {
      const plan = await db.transaction().execute(async (transaction) => {
        await lockArtefacts(transaction, 'exclusive');
        const names = await transaction
          .selectFrom('models')
          .select('name')
          .distinct()
          .orderBy('name')
          .execute();
        for (const { name } of names) await lockName(transaction, 'model', name);
        const made = await makePlan(transaction, asked, { clock, artefacts });
        await markDeleted(transaction, clock, { ...made, by });
        return made.plan;
      });
      await db.transaction().execute(async (transaction) => {
        await lockArtefacts(transaction, 'exclusive');
        await removeBytes(transaction, { artefacts, cutoff: cutoffOf(asked.rule, clock) });
      });
      return plan;
    },
  };
}

const cutoffOf = (rule: RetentionRule, clock: Clock): Date =>
  new Date(clock.now().getTime() - rule.olderThanDays * 86_400_000);

async function makePlan(
  db: Kysely<Database>,
  { rule, model }: Asked,
  { clock, artefacts }: { clock: Clock; artefacts: Bytes },
): Promise<{ plan: RetentionPlan; steps: Awaited<ReturnType<typeof staleSteps>> }> {
  const { keep, go: going } = decideRetention(await readUses(db, model), rule, clock.now());
  const cutoff = cutoffOf(rule, clock);
  const mentioned = await mentionedBy(db, going);
  const all = [...new Set([...mentioned.values()].flat())];
  const needed = await stillNeeded(db, all, { going, cutoff });
  const sizes = new Map<string, number>();
  for (const hex of all) {
    const size = needed.has(hex) ? undefined : (await artefacts.stat(`sha256:${hex}`))?.size;
    if (size !== undefined) sizes.set(hex, size);
  }
  const steps = await staleSteps(db, [...sizes.keys()], cutoff);
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  const go = going.map(({ name, version, state, createdAt }) => ({
    ...{ name, version, state, createdAt: createdAt.toISOString() },
    bytes: sum((mentioned.get(`${name}@${version}`) ?? []).map((hex) => sizes.get(hex) ?? 0)),
  }));
  const totals = { artefacts: sizes.size, bytes: sum(sizes.values()), steps: steps.length };
  return { plan: { rule, go, keep, ...totals }, steps };
}

async function markDeleted(
  transaction: Transaction<Database>,
  clock: Clock,
  made: { plan: RetentionPlan; steps: Awaited<ReturnType<typeof staleSteps>>; by: Actor },
): Promise<void> {
  const { plan, steps, by } = made;
  for (const { step, key } of steps)
    await transaction.deleteFrom('steps').where('step', '=', step).where('key', '=', key).execute();
  for (const { name, version, state: from, bytes } of plan.go) {
    await transaction
      .updateTable('models')
      .set({ state: 'deleted' })
      .where('name', '=', name)
      .where('version', '=', Number(version))
      .execute();
    await appendAudit(transaction, clock, {
      ...by,
      action: 'model.deleted',
      subject: `model/${name}@${version}`,
      details: { from, bytes, rule: plan.rule },
    });
  }
}

/** Removes the artefacts of deleted versions that nothing needs, also those that an interrupted run left. */
async function removeBytes(
  transaction: Transaction<Database>,
  { artefacts, cutoff }: { artefacts: Bytes; cutoff: Date },
): Promise<void> {
  const rows = await transaction
    .selectFrom('models')
    .select(['name', 'version'])
    .where('state', '=', 'deleted')
    .execute();
  const deleted = rows.map(({ name, version }) => ({ name, version: String(version) }));
  const all = [...new Set([...(await mentionedBy(transaction, deleted)).values()].flat())];
  const needed = await stillNeeded(transaction, all, { going: [], cutoff });
  for (const hex of all) if (!needed.has(hex)) await artefacts.remove(`sha256:${hex}`);
}
