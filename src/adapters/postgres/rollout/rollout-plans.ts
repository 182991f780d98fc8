import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { isUsable } from '../../../domain/registry/states.ts';
import type { RolloutState } from '../../../contracts/rollout/state.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { RolloutStore } from '../../../ports/rollout-store.ts';
import { appendAudit } from '../registry/audit-log.ts';
import { lockName } from '../lock-name.ts';
import { versionNumber } from '../registry/pipeline-versions.ts';
import { rowsParameter, withRings } from './rollout-rows.ts';
import type { Database } from '../schema.ts';

type Part = Pick<
  RolloutStore,
  'create' | 'rollout' | 'rollouts' | 'supersededBy' | 'takenOver' | 'saveState' | 'saveRing' | 'openRing'
>;

/** States that follow from an audited decision or action, and need no event of their own. */
const MERE_PROGRESS = new Set<RolloutState>(['planned', 'soaking', 'promoting']);

/** Plans, states and rings of rollouts. */
export function createRolloutPlans(db: Kysely<Database>, clock: Clock): Part {
  const find = async (rolloutId: string) =>
    withRings(db, await db.selectFrom('rollouts').selectAll().where('rollout_id', '=', rolloutId).execute());

  return {
    async create(rollout, devices) {
      const { rolloutId, model, version, policy, actor, reason } = rollout;
      await db.transaction().execute(async (trx) => {
        await lockName(trx, 'model', model);
        await lockName(trx, 'rollout', model);
        const known = await trx
          .selectFrom('rollouts')
          .select('rollout_id')
          .where('rollout_id', '=', rolloutId)
          .executeTakeFirst();
        if (known !== undefined) return;
        await refuseUnusable(trx, model, version);
        const superseded = await trx
          .updateTable('rollouts')
          .set({ superseded_by: rolloutId })
          .where('model', '=', model)
          .where('finished_at', 'is', null)
          .where('superseded_by', 'is', null)
          .returning('rollout_id')
          .execute();
        await trx
          .insertInto('rollouts')
          .values({
            rollout_id: rolloutId,
            model,
            version,
            model_digest: rollout.modelDigest,
            image: rollout.image,
            image_digest: rollout.imageDigest,
            policy: JSON.stringify(policy),
            condition: rollout.condition,
            devices: devices.length,
            state: 'planned',
            outcome: null,
            previous: JSON.stringify(rollout.previous),
            superseded_by: null,
            started_at: clock.now(),
            finished_at: null,
            workflow_id: rollout.workflowId,
            run_id: rollout.runId,
            actor,
            reason,
          })
          .execute();
        const sizes = policy.rings.map((_, i) => devices.filter((device) => device.ring === i).length);
        await trx
          .insertInto('rollout_rings')
          .values(
            policy.rings.map(({ name, percent }, position) => ({
              rollout_id: rolloutId,
              position,
              name,
              percent,
              devices: sizes[position] ?? 0,
              counts: null,
              opened_at: null,
              decided_at: null,
              approved_by: null,
            })),
          )
          .execute();
        await sql`insert into rollout_devices (rollout_id, device_id, ring, stratum, redundancy_group)
          select ${rolloutId}, d."deviceId", d.ring, d.stratum, d."redundancyGroup"
            from jsonb_to_recordset(${rowsParameter(devices)})
              as d("deviceId" text, ring integer, stratum text, "redundancyGroup" text)`.execute(trx);
        await appendAudit(trx, clock, {
          actor,
          reason,
          action: 'rollout.planned',
          subject: `rollout/${rolloutId}`,
          details: {
            model: `${model}@${version}`,
            devices: devices.length,
            rings: policy.rings.map(({ name }, i) => ({ name, devices: sizes[i] })),
            supersedes: superseded.map((row) => row.rollout_id),
          },
        });
      });
      const [stored] = await find(rolloutId);
      if (stored === undefined)
        throw new WindlassError('INTERNAL', `the rollout ${rolloutId} that was just written is not there`);
      return stored;
    },

    rollout: async (rolloutId) => (await find(rolloutId))[0],

    async rollouts({ model, limit }) {
      let query = db.selectFrom('rollouts').selectAll().orderBy('started_at', 'desc').limit(limit);
      if (model !== undefined) query = query.where('model', '=', model);
      return withRings(db, await query.execute());
    },

    async supersededBy(rolloutId) {
      const row = await db
        .selectFrom('rollouts')
        .select('superseded_by')
        .where('rollout_id', '=', rolloutId)
        .executeTakeFirst();
      return row?.superseded_by ?? null;
    },

    async takenOver(rolloutId) {
      const rows = await db
        .selectFrom('rollouts')
        .select(['rollout_id', 'workflow_id'])
        .where('superseded_by', '=', rolloutId)
        .where('finished_at', 'is', null)
        .execute();
      return rows.map((row) => ({ rolloutId: row.rollout_id, workflowId: row.workflow_id }));
    },

    async saveState(rolloutId, state, change) {
      await db.transaction().execute(async (trx) => {
        const changed = await trx
          .updateTable('rollouts')
          .set({
            state,
            conclusion: change.conclusion,
            outcome: change.outcome,
            finished_at: change.outcome === undefined ? undefined : clock.now(),
          })
          .where('rollout_id', '=', rolloutId)
          .where('state', '<>', state)
          .where('finished_at', 'is', null)
          .returning(['model', 'version'])
          .executeTakeFirst();
        if (changed === undefined || (change.action === undefined && MERE_PROGRESS.has(state))) return;
        await appendAudit(trx, clock, {
          actor: change.actor,
          reason: change.reason,
          action: change.action ?? `rollout.${state}`,
          subject: `rollout/${rolloutId}`,
          details: { model: `${changed.model}@${changed.version}`, ...change.details },
        });
      });
    },

    async saveRing(rolloutId, position, { verdict, reason, counts, approvedBy }) {
      const decided = verdict !== undefined && !['pending', 'running', 'held'].includes(verdict);
      await db
        .updateTable('rollout_rings')
        .set((eb) => ({
          verdict,
          reason,
          counts: counts === undefined ? undefined : JSON.stringify(counts),
          approved_by: approvedBy,
          decided_at: decided ? eb.fn.coalesce('decided_at', eb.val(clock.now())) : eb.ref('decided_at'),
        }))
        .where('rollout_id', '=', rolloutId)
        .where('position', '=', position)
        .execute();
    },

    async openRing(rolloutId, position) {
      await db
        .updateTable('rollout_rings')
        .set((eb) => ({
          verdict: 'running',
          opened_at: eb.fn.coalesce('opened_at', eb.val(clock.now())),
        }))
        .where('rollout_id', '=', rolloutId)
        .where('position', '=', position)
        .execute();
    },
  };
}

/**
 * Somebody may have rejected or retired the version, or retention deleted it, since the rollout was
 * planned.
 */
async function refuseUnusable(trx: Transaction<Database>, model: string, version: string): Promise<void> {
  const row = await trx
    .selectFrom('models')
    .select('state')
    .where('name', '=', model)
    .where('version', '=', versionNumber(version) ?? 0)
    .executeTakeFirst();
  if (row === undefined || isUsable(row.state)) return;
  throw new WindlassError('GATE_FAILED', `${model}@${version} is ${row.state}: it may not be deployed.`);
}
