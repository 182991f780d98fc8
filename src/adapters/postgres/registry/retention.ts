import type { Kysely, Transaction } from 'kysely';
import { decideRetention } from '../../../domain/registry/retention.ts';
import type { RetentionRule } from '../../../domain/registry/retention.ts';
import type { ArtefactStore } from '../../../ports/artefact-store.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { Retention, RetentionPlan } from '../../../ports/retention.ts';
import { readReferences } from './artefact-references.ts';
import type { CachedStep } from './artefact-references.ts';
import { appendAudit } from './audit-log.ts';
import { lockArtefacts, lockName } from '../lock-name.ts';
import type { Database } from '../schema.ts';
import { readUses } from './version-uses.ts';

interface Asked {
  readonly rule: RetentionRule;
  readonly model?: string | undefined;
}

type Bytes = Pick<ArtefactStore, 'stat' | 'remove'>;

/**
 * Retention in two transactions: the first marks versions deleted and forgets cached steps, the
 * second removes the bytes that nothing needs any more. Both shut registrations out, which for
 * their part refuse artefacts that are gone.
 */
export function createRetention(
  db: Kysely<Database>,
  { clock, artefacts }: { clock: Clock; artefacts: Bytes },
): Retention {
  return {
    plan: (rule, model) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (transaction) => {
          const { plan } = await makePlan(transaction, { rule, model }, { clock, artefacts });
          return plan;
        }),

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
        await removeBytes(transaction, { ...asked, by }, { clock, artefacts });
      });
      return plan;
    },
  };
}

const cutoffOf = (rule: RetentionRule, clock: Clock): Date =>
  new Date(clock.now().getTime() - rule.olderThanDays * 86_400_000);

interface Made {
  readonly plan: RetentionPlan;
  readonly stale: readonly CachedStep[];
}

async function makePlan(
  transaction: Transaction<Database>,
  { rule, model }: Asked,
  { clock, artefacts }: { clock: Clock; artefacts: Bytes },
): Promise<Made> {
  const { keep, go: going } = decideRetention(await readUses(transaction, model), rule, clock.now());
  const cutoff = cutoffOf(rule, clock);
  const wanted = { going, cutoff, released: coversReleased({ model }) };
  const { mentioned, released, needed, stale } = await readReferences(transaction, wanted);
  const ofVersions = new Set([...mentioned.values()].flat());
  const sizes = new Map<string, number>();
  for (const hex of new Set([...ofVersions, ...released])) {
    const size = needed.has(hex) ? undefined : (await artefacts.stat(`sha256:${hex}`))?.size;
    if (size !== undefined) sizes.set(hex, size);
  }
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  const go = going.map(({ name, version, state, createdAt }) => ({
    name,
    version,
    state,
    createdAt: createdAt.toISOString(),
    bytes: sum((mentioned.get(`${name}@${version}`) ?? []).map((hex) => sizes.get(hex) ?? 0)),
  }));
  const totals = { artefacts: sizes.size, bytes: sum(sizes.values()), steps: stale.length };
  const apart = [...sizes].filter(([hex]) => !ofVersions.has(hex));
  const overwritten = { artefacts: apart.length, bytes: sum(apart.map(([, size]) => size)) };
  return { plan: { rule, go, keep, overwritten, ...totals }, stale };
}

/** What clients overwrote belongs to no model: it is looked at when all models are. */
const coversReleased = ({ model }: Pick<Asked, 'model'>): boolean => model === undefined;

async function markDeleted(
  transaction: Transaction<Database>,
  clock: Clock,
  { plan, stale, by }: Made & { readonly by: Actor },
): Promise<void> {
  for (const { step, key } of stale)
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

/**
 * Removes the artefacts of deleted versions, and released ones, that nothing needs, also those that
 * an interrupted run left.
 */
async function removeBytes(
  transaction: Transaction<Database>,
  { rule, model, by }: Asked & { readonly by: Actor },
  { clock, artefacts }: { clock: Clock; artefacts: Bytes },
): Promise<void> {
  const rows = await transaction
    .selectFrom('models')
    .select(['name', 'version'])
    .where('state', '=', 'deleted')
    .execute();
  const going = rows.map(({ name, version }) => ({ name, version: String(version) }));
  const wanted = { going, cutoff: cutoffOf(rule, clock), released: coversReleased({ model }) };
  const { mentioned, released, needed } = await readReferences(transaction, wanted);
  for (const hex of new Set([...[...mentioned.values()].flat(), ...released]))
    if (!needed.has(hex)) await artefacts.remove(`sha256:${hex}`);
  // Only now: a run that is interrupted before is done again by the next.
  const gone = released.filter((hex) => !needed.has(hex)).map((hex) => `sha256:${hex}`);
  for (let i = 0; i < gone.length; i += 5_000)
    await transaction
      .deleteFrom('released_artefacts')
      .where('digest', 'in', gone.slice(i, i + 5_000))
      .execute();
  if (gone.length === 0) return;
  const details = { artefacts: gone.length, rule };
  await appendAudit(transaction, clock, { ...by, action: 'files.deleted', subject: 'mlflow/files', details });
}
