import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { ALIASES } from '../../../contracts/names.ts';
import { refusesApproval } from '../../../domain/registry/approval-refusal.ts';
import { reviewedState, stateAfterReview } from '../../../domain/registry/reviewed-state.ts';
import { mayBecome } from '../../../domain/registry/states.ts';
import { usesAgainst } from '../../../domain/registry/uses.ts';
import type { LiveUses } from '../../../domain/registry/uses.ts';
import type { ModelState } from '../../../contracts/model/model-state.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Actor } from '../../../contracts/audit.ts';
import type { ModelVersions } from '../../../ports/registry/model-versions.ts';
import type { Reviews } from '../../../ports/registry/reviews.ts';
import { appendAudit } from './audit-log.ts';
import { lockName } from '../lock-name.ts';
import { modelRow, promotionCase, readReviews, reviewedVersion } from './promotion.ts';
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
        if (decision === 'approve') await refuseApproval(transaction, model, by.actor);
        else await refuseInUse(transaction, model, 'rejected');
        await transaction
          .insertInto('model_reviews')
          .values({ name, version: model.version, ...by, decision, at: clock.now() })
          .execute();
        const to = stateAfterReview(await reviewedVersion(transaction, model));
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
        const to = asked === 'registered' ? reviewedState(await reviewedVersion(transaction, model)) : asked;
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

function needReason(by: Actor, what: string): void {
  if (by.reason.trim() !== '') return;
  throw new WindlassError('INPUT_INVALID', `It takes a reason to ${what}.`, {
    hint: 'Give it with --reason, e.g. --reason "seen in the report".',
  });
}

async function refuseApproval(
  transaction: Transaction<Database>,
  model: ModelRow,
  actor: string,
): Promise<void> {
  const reference = `${model.name}@${model.version}`;
  const refusal = refusesApproval(await promotionCase(transaction, model), { actor, reference });
  if (refusal === null) return;
  const { code, message, hint, gates } = refusal;
  throw new WindlassError(code, message, { hint, details: gates && { gates } });
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
async function refuseInUse(
  transaction: Transaction<Database>,
  model: ModelRow,
  to: ModelState,
): Promise<void> {
  const uses = usesAgainst(await liveUses(transaction, model), to);
  if (uses.length === 0) return;
  throw new WindlassError('CONFLICT', `${model.name}@${model.version} cannot be ${to}: ${uses.join(', ')}.`, {
    hint: 'First point the alias at another version (`windlass models promote`), or end the rollout (`windlass rollout abort`).',
  });
}

/** The aliases and the live rollouts of a version. */
export async function liveUses(
  transaction: Transaction<Database>,
  { name, version }: ModelRow,
): Promise<LiveUses> {
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
  return { aliases: aliases.map((a) => a.alias), rollouts: rollouts.map((r) => r.rollout_id) };
}
