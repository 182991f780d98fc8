import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { ALIASES } from '../../../contracts/names.ts';
import { blockingGates } from '../../../domain/gates/statuses.ts';
import { approvalGate, refusesApprover, standingReviews } from '../../../domain/registry/approvals.ts';
import type { ApprovalRule } from '../../../domain/registry/approvals.ts';
import type { Review } from '../../../contracts/model/review.ts';
import { firstState, mayBecome } from '../../../domain/registry/states.ts';
import type { ModelState } from '../../../contracts/model/model-state.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { ModelVersions } from '../../../ports/registry/model-versions.ts';
import type { Reviews } from '../../../ports/registry/reviews.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from '../lock-name.ts';
import { isForeign } from '../mlflow/registry/foreign.ts';
import { approvalRules, judgePromotion, modelRow, readReviews, refusePromotion } from './promotion.ts';
import type { ModelRow } from './promotion.ts';
import { versionNumber } from './pipeline-versions.ts';
import type { Database } from '../schema.ts';

/**
 * Reviews of versions and the states that follow from them; each change is one transaction with its
 * audit event.
 */
export function createModelStates(
  db: Kysely<Database>,
  clock: Clock,
  { standing: find }: Pick<ModelVersions, 'standing'>,
): Reviews {
  const found = async (name: string, version: string) => {
    const model = await find(name, version);
    if (model === undefined) throw new WindlassError('INTERNAL', `${name}@${version} is gone.`);
    return model;
  };
  return {
    reviewModel: async ({ name, version, decision }, by) => {
      needReason(by, `${decision} a version`);
      await db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'model', name);
        const model = await modelRow(transaction, name, version);
        const rules = await approvalRules(transaction, model);
        if (decision === 'approve') await refuseApproval(transaction, { model, rules, by });
        else await refuseInUse(transaction, model, 'rejected');
        await transaction
          .insertInto('model_reviews')
          .values({ name, version: model.version, ...by, decision, at: clock.now() })
          .execute();
        const reviews = await readReviews(transaction, name, model.version);
        // A review of a retired or archived version takes effect when the version is restored; its
        // state stays, and archived bytes are kept.
        const to = isOut(model.state) ? model.state : reviewedState(model, { reviews, rules });
        await become(transaction, model, to);
        if (to === 'rejected') await endChallenger(transaction, clock, { model, by });
        await appendAudit(transaction, clock, {
          ...by,
          action: decision === 'approve' ? 'model.approved' : 'model.rejected',
          subject: `model/${name}@${version}`,
          details: { from: model.state, to },
        });
      });
      return found(name, version);
    },

    reviews: async (name, version) => readReviews(db, name, versionNumber(version) ?? 0),

    changeState: async ({ name, version, to: asked }, by) => {
      needReason(by, 'change the state of a version');
      await db.transaction().execute(async (transaction) => {
        await lockName(transaction, 'model', name);
        const model = await modelRow(transaction, name, version);
        if (asked !== 'registered') await refuseInUse(transaction, model, asked);
        const reviews = await readReviews(transaction, name, model.version);
        const rules = await approvalRules(transaction, model);
        const to = asked === 'registered' ? reviewedState(model, { reviews, rules }) : asked;
        if (to === model.state) return;
        await become(transaction, model, to);
        await appendAudit(transaction, clock, {
          ...by,
          action: asked === 'registered' ? 'model.restored' : `model.${asked}`,
          subject: `model/${name}@${version}`,
          details: { from: model.state, to },
        });
      });
      return found(name, version);
    },
  };
}

/** Retired or archived by a person; it can be restored. */
const isOut = (state: ModelState): boolean => state === 'retired' || state === 'archived';

function needReason(by: Actor, what: string): void {
  if (by.reason.trim() !== '') return;
  throw new WindlassError('INPUT_INVALID', `It takes a reason to ${what}.`, {
    hint: 'Give it with --reason, e.g. --reason "seen in the report".',
  });
}

/**
 * An approval counts only by somebody who may give it, and only for a version that could be
 * promoted with it.
 */
async function refuseApproval(
  transaction: Transaction<Database>,
  { model, rules, by }: { model: ModelRow; rules: readonly ApprovalRule[]; by: Actor },
): Promise<void> {
  const reference = `${model.name}@${model.version}`;
  for (const rule of rules) {
    const why = refusesApprover(by.actor, model.created_by, rule);
    if (why !== null)
      throw new WindlassError('FORBIDDEN', `${reference} is not approved: ${why}.`, {
        hint: 'Ask one of the approvers (registry.approvers in windlass.yaml).',
      });
  }
  // This approval withdraws the person's own earlier rejection, so state and approvals are not
  // checked.
  const gates = await judgePromotion(transaction, { ...model, state: 'registered' }, ALIASES.champion);
  const lasting = gates.filter((gate) => gate.name !== 'approvals');
  refusePromotion(reference, 'be approved', lasting);
  if (!mayBecome(model.state, 'approved') || isOut(model.state))
    throw new WindlassError('CONFLICT', `${reference} is ${model.state}, so it cannot be approved.`, {
      hint:
        model.state === 'deleted'
          ? 'Its bytes are gone: build it again.'
          : `Take it back into use first: \`windlass models restore ${reference} --reason …\`.`,
    });
}

/** The state that reviews and the newest comparison give a version that is in use. */
export function reviewedState(
  model: ModelRow,
  { reviews, rules }: { reviews: readonly Review[]; rules: readonly ApprovalRule[] },
): ModelState {
  if (isForeign(model.registration)) return 'unjudged';
  const standing = standingReviews(reviews);
  const { metrics, comparison } = model.registration;
  if (
    firstState({ metrics, comparison: model.compared ?? comparison }) === 'rejected' ||
    standing.some((r) => r.decision === 'reject')
  )
    return 'rejected';
  const enough = rules.map((rule) => approvalGate(rule, { author: model.created_by, reviews }));
  return standing.length > 0 && blockingGates(enough).length === 0 ? 'approved' : 'registered';
}

export async function become(
  transaction: Transaction<Database>,
  model: ModelRow,
  to: ModelState,
): Promise<void> {
  if (!mayBecome(model.state, to))
    throw new WindlassError(
      'CONFLICT',
      `${model.name}@${model.version} is ${model.state}: it cannot become ${to}.`,
    );
  await transaction
    .updateTable('models')
    .set({ state: to })
    .where('name', '=', model.name)
    .where('version', '=', model.version)
    .execute();
}

/** A rejected version loses the alias challenger. */
export async function endChallenger(
  transaction: Transaction<Database>,
  clock: Clock,
  { model: { name, version }, by }: { model: ModelRow; by: Actor },
): Promise<void> {
  const ended = await transaction
    .updateTable('model_aliases')
    .set({ until: sql`greatest(since, ${clock.now()}::timestamptz)` })
    .where('name', '=', name)
    .where('version', '=', version)
    .where('alias', '=', ALIASES.challenger)
    .where('until', 'is', null)
    .returning('alias')
    .executeTakeFirst();
  if (ended === undefined) return;
  const subject = `model/${name}@${version}`;
  await appendAudit(transaction, clock, { ...by, action: 'alias.removed', subject, details: { ...ended } });
}

/** What a version is used for must end before the version is taken out of use. */
async function refuseInUse(transaction: Transaction<Database>, model: ModelRow, to: string): Promise<void> {
  const uses = await usesOf(transaction, model, to);
  if (uses.length === 0) return;
  throw new WindlassError('CONFLICT', `${model.name}@${model.version} cannot be ${to}: ${uses.join(', ')}.`, {
    hint: 'First point the alias at another version (`windlass models promote`), or end the rollout (`windlass rollout abort`).',
  });
}

/**
 * What keeps a version from a state; an alias other than champion ends when its version is
 * rejected.
 */
export async function usesOf(
  transaction: Transaction<Database>,
  { name, version }: ModelRow,
  to: string,
): Promise<string[]> {
  const aliases = await transaction
    .selectFrom('model_aliases')
    .select('alias')
    .where('name', '=', name)
    .where('version', '=', version)
    .where('until', 'is', null)
    .orderBy('alias')
    .execute();
  const rollouts = await transaction
    .selectFrom('rollouts')
    .select('rollout_id')
    .where('model', '=', name)
    .where('version', '=', String(version))
    .where('finished_at', 'is', null)
    .execute();
  return [
    ...aliases
      .filter((a) => to !== 'rejected' || a.alias === ALIASES.champion)
      .map((a) => `it is ${a.alias}`),
    ...rollouts.map((r) => `the rollout ${r.rollout_id} is live`),
  ];
}
