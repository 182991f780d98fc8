import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { parseTarget } from '../../../contracts/device/device-tags.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { RolloutStore } from '../../../ports/rollout-store.ts';
import { rowsParameter } from './rollout-rows.ts';
import type { Database } from '../schema.ts';

type Part = Pick<
  RolloutStore,
  | 'toOffer'
  | 'saveBaselines'
  | 'markOffered'
  | 'toRevert'
  | 'previousTargets'
  | 'previousTargetsOf'
  | 'markReverting'
  | 'reverting'
  | 'markReverted'
>;

interface Assignment {
  readonly deviceId: string;
  readonly model: string;
  readonly version: string;
  readonly imageDigest: string | null;
}

/** What devices are offered and taken back, and the history of what each was meant to run. */
export function createRolloutOffers(db: Kysely<Database>, clock: Clock): Part {
  return {
    async toOffer(rolloutId, position, limit) {
      const rows = await db
        .selectFrom('rollout_devices')
        .select(['device_id', 'baselined_at'])
        .where('rollout_id', '=', rolloutId)
        .where('ring', '=', position)
        .where('offered_at', 'is', null)
        .orderBy('device_id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ deviceId: row.device_id, baselined: row.baselined_at !== null }));
    },

    async saveBaselines(rolloutId, devices) {
      await sql`
        update rollout_devices d
           set previous_target = case when u.device_id is null then b.target else u.previous_target end,
               restarts_at_offer = b.restarts,
               baselined_at = ${clock.now()}
          from jsonb_to_recordset(${rowsParameter(devices)}) as b("deviceId" text, target text, restarts integer)
          left join lateral (
            select p.device_id, p.previous_target
              from device_assignments a
              join rollout_devices p on p.rollout_id = a.rollout_id and p.device_id = a.device_id
              join rollout_rings r on r.rollout_id = a.rollout_id and r.position = p.ring
             where a.device_id = b."deviceId" and a.until is null and a.ring <> 'revert'
               and a.rollout_id <> ${rolloutId} and r.verdict <> 'promoted') u on true
         where d.rollout_id = ${rolloutId} and d.device_id = b."deviceId" and d.baselined_at is null`.execute(
        db,
      );
    },

    async markOffered(rolloutId, position, deviceIds) {
      const now = clock.now();
      await db.transaction().execute(async (trx) => {
        const offered = await trx
          .updateTable('rollout_devices')
          .set({ offered_at: now })
          .where('rollout_id', '=', rolloutId)
          .where('offered_at', 'is', null)
          .where(sql<boolean>`device_id = any(${[...deviceIds]}::text[])`)
          .returning('device_id')
          .execute();
        const about = await trx
          .selectFrom('rollouts as r')
          .innerJoin('rollout_rings as g', 'g.rollout_id', 'r.rollout_id')
          .select(['r.model', 'r.version', 'r.image_digest', 'r.reason', 'g.name'])
          .where('r.rollout_id', '=', rolloutId)
          .where('g.position', '=', position)
          .executeTakeFirstOrThrow();
        const { model, version, image_digest: imageDigest, name: ring, reason } = about;
        const rows = offered.map((row) => ({ deviceId: row.device_id, model, version, imageDigest }));
        await assign(trx, rows, { rolloutId, ring, reason, now });
      });
    },

    async toRevert(rolloutId, { limit, without }) {
      const { rows } = await sql<{ deviceId: string; previousTarget: string | null }>`
        select d.device_id as "deviceId", d.previous_target as "previousTarget"
          from rollout_devices d
          join rollouts r on r.rollout_id = d.rollout_id
          join device_assignments a
            on a.device_id = d.device_id and a.until is null and a.rollout_id = d.rollout_id
         where d.rollout_id = ${rolloutId} and d.offered_at is not null and d.revert_started_at is null
           and d.previous_target is distinct from r.model || '-' || r.version
           and (d.previous_target is null or d.previous_target <> all(${[...without]}::text[]))
         order by d.device_id limit ${limit}`.execute(db);
      return rows;
    },

    async previousTargetsOf(rolloutId, deviceIds) {
      const rows = await db
        .selectFrom('rollout_devices')
        .select(['device_id', 'previous_target'])
        .where('rollout_id', '=', rolloutId)
        .where(sql<boolean>`device_id = any(${[...deviceIds]}::text[])`)
        .execute();
      return rows.map((row) => ({ deviceId: row.device_id, previousTarget: row.previous_target }));
    },

    async previousTargets(rolloutId) {
      const { rows } = await sql<{ target: string | null; devices: string }>`
        select previous_target as target, count(*) as devices
          from rollout_devices
         where rollout_id = ${rolloutId} and baselined_at is not null
         group by previous_target order by count(*) desc, previous_target`.execute(db);
      return rows.map((row) => ({ target: row.target, devices: Number(row.devices) }));
    },

    async markReverting(rolloutId, deviceIds, { images, reason }) {
      const now = clock.now();
      await db.transaction().execute(async (trx) => {
        const changed = await trx
          .updateTable('rollout_devices')
          .set({ revert_started_at: now })
          .where('rollout_id', '=', rolloutId)
          .where('revert_started_at', 'is', null)
          .where(sql<boolean>`device_id = any(${[...deviceIds]}::text[])`)
          .returning(['device_id', 'previous_target'])
          .execute();
        const rows = changed.map(({ device_id: deviceId, previous_target: target }) => {
          const to = target === null ? undefined : parseTarget(target);
          const imageDigest = target === null ? null : (images[target] ?? null);
          return { deviceId, model: to?.model, version: to?.version, imageDigest };
        });
        await assign(trx, rows, { rolloutId, ring: 'revert', reason, now });
      });
    },

    async reverting(rolloutId) {
      const rows = await db
        .selectFrom('rollout_devices as d')
        .innerJoin('device_assignments as a', (join) =>
          join.onRef('a.device_id', '=', 'd.device_id').onRef('a.rollout_id', '=', 'd.rollout_id'),
        )
        .select(['d.device_id', 'd.previous_target', 'd.revert_started_at'])
        .distinct()
        .where('d.rollout_id', '=', rolloutId)
        .where('d.revert_started_at', 'is not', null)
        .where('d.reverted_at', 'is', null)
        // a device that a later rollout has taken over is no longer ours to wait for
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('device_assignments as o')
                .select('o.id')
                .whereRef('o.device_id', '=', 'd.device_id')
                .whereRef('o.rollout_id', '<>', 'd.rollout_id')
                .where('o.until', 'is', null),
            ),
          ),
        )
        .orderBy('d.device_id')
        .execute();
      return rows.map((row) => ({
        deviceId: row.device_id,
        previousTarget: row.previous_target,
        revertStartedAt: row.revert_started_at?.toISOString() ?? '',
      }));
    },

    async markReverted(rolloutId, deviceIds) {
      await db
        .updateTable('rollout_devices')
        .set({ reverted_at: clock.now() })
        .where('rollout_id', '=', rolloutId)
        .where('reverted_at', 'is', null)
        .where(sql<boolean>`device_id = any(${[...deviceIds]}::text[])`)
        .execute();
    },
  };
}

/**
 * Ends what these devices were meant to run until now, and writes what they are meant to run from
 * now on.
 */
async function assign(
  trx: Transaction<Database>,
  devices: ReadonlyArray<{ deviceId: string } & Partial<Assignment>>,
  by: { rolloutId: string; ring: string; reason: string; now: Date },
): Promise<void> {
  const ids = devices.map((device) => device.deviceId);
  await sql`update device_assignments set until = greatest(since, ${by.now})
    where until is null and device_id = any(${ids}::text[])`.execute(trx);
  const rows = devices.filter((device) => device.model !== undefined);
  await sql`insert into device_assignments
      (device_id, model, version, image_digest, rollout_id, ring, since, reason)
    select d."deviceId", d.model, d.version, d."imageDigest", ${by.rolloutId}, ${by.ring}, ${by.now}, ${by.reason}
      from jsonb_to_recordset(${rowsParameter(rows)})
        as d("deviceId" text, model text, version text, "imageDigest" text)`.execute(trx);
}
