import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { RingAction } from '../../../domain/rollout/ring-decision.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { RolloutStore, StoredDecision } from '../../../ports/rollout-store.ts';
import { appendAudit } from '../registry/audit-log.ts';
import { observedDevice, rowsParameter } from './rollout-rows.ts';
import type { Database } from '../schema.ts';

type Part = Pick<
  RolloutStore,
  'observed' | 'saveJudgements' | 'devices' | 'stragglers' | 'recordDecision' | 'decisions'
>;

/** What was seen of the devices of a rollout, and what was decided from it. */
export function createRolloutObservations(db: Kysely<Database>, clock: Clock): Part {
  return {
    async observed(rolloutId, position) {
      const rows = await db
        .selectFrom('rollout_devices')
        .selectAll()
        .where('rollout_id', '=', rolloutId)
        .where('ring', '=', position)
        .where('offered_at', 'is not', null)
        .orderBy('device_id')
        .execute();
      return rows.map(observedDevice);
    },

    async saveJudgements(rolloutId, devices) {
      if (devices.length === 0) return;
      const rows = devices.map(({ deviceId, judgement, evidence }) => ({ deviceId, ...judgement, evidence }));
      const now = clock.now();
      await sql`
        with seen as (
          select * from jsonb_to_recordset(${rowsParameter(rows)}) as s(
            "deviceId" text, verdict text, reachable boolean, running boolean, attested boolean, reason text,
            restarts integer, "lastRestartCount" integer, "goodSince" timestamptz, "downSince" timestamptz,
            evidence jsonb)
        ), judged as (
          update rollout_devices d
             set verdict = s.verdict, reachable = s.reachable, running = s.running, attested = s.attested,
                 reason = s.reason, restarts = s.restarts, last_restart_count = s."lastRestartCount",
                 good_since = s."goodSince", down_since = s."downSince", evidence = s.evidence,
                 attested_at = case when s.attested then coalesce(d.attested_at, ${now}) else d.attested_at end,
                 checked_at = ${now}
            from seen s
           where d.rollout_id = ${rolloutId} and d.device_id = s."deviceId" and d.revert_started_at is null
          returning d.device_id, d.attested_at
        )
        update device_assignments a set attested_at = j.attested_at
          from judged j
         where a.device_id = j.device_id and a.rollout_id = ${rolloutId} and a.ring <> 'revert'
           and a.until is null and a.attested_at is null and j.attested_at is not null`.execute(db);
    },

    async devices(rolloutId) {
      return db
        .selectFrom('rollout_devices as d')
        .innerJoin('rollout_rings as g', (join) =>
          join.onRef('g.rollout_id', '=', 'd.rollout_id').onRef('g.position', '=', 'd.ring'),
        )
        .select([
          'd.device_id as deviceId',
          'd.verdict',
          'd.reachable',
          'd.running',
          'd.attested',
          'd.reason',
          'd.stratum',
          'g.name as ring',
        ])
        .where('d.rollout_id', '=', rolloutId)
        .orderBy('d.ring')
        .orderBy('d.device_id')
        .execute();
    },

    async stragglers(rolloutId) {
      const rows = await db
        .selectFrom('rollout_devices as d')
        .innerJoin('device_assignments as a', (join) =>
          join.onRef('a.device_id', '=', 'd.device_id').onRef('a.rollout_id', '=', 'd.rollout_id'),
        )
        .selectAll('d')
        .where('d.rollout_id', '=', rolloutId)
        .where('a.until', 'is', null)
        .where('a.ring', '<>', 'revert')
        .where('d.verdict', '<>', 'good')
        .orderBy('d.device_id')
        .execute();
      return rows.map(observedDevice);
    },

    async recordDecision(rolloutId, decision, by) {
      const { seq, position, action, reason, seconds, last, counts, gates } = decision;
      await db.transaction().execute(async (trx) => {
        const { rows } = await sql<{ ring: string; model: string; version: string }>`
          with inserted as (
            insert into rollout_decisions
              (rollout_id, seq, ring, at, action, reason, elapsed_seconds, last_ring, counts, gates, devices)
            select g.rollout_id, ${seq}::integer, g.name, ${clock.now()}, ${action}, ${reason}, ${seconds}, ${last},
                   ${JSON.stringify(counts)}::jsonb, ${JSON.stringify(gates)}::jsonb,
                   coalesce((select jsonb_agg(jsonb_build_object('deviceId', d.device_id, 'verdict', d.verdict,
                      'reachable', d.reachable, 'running', d.running, 'attested', d.attested,
                      'reason', d.reason, 'restarts', d.restarts, 'evidence', d.evidence) order by d.device_id)
                     from rollout_devices d
                    where d.rollout_id = g.rollout_id and d.ring = g.position), '[]'::jsonb)
              from rollout_rings g
             where g.rollout_id = ${rolloutId} and g.position = ${position}
            on conflict (rollout_id, seq) do nothing
            returning rollout_id, ring
          )
          select i.ring, r.model, r.version from inserted i join rollouts r using (rollout_id)`.execute(trx);
        const [recorded] = rows;
        if (recorded === undefined) return;
        await appendAudit(trx, clock, {
          ...by,
          action: `rollout.ring-${action}`,
          subject: `rollout/${rolloutId}`,
          details: {
            model: `${recorded.model}@${recorded.version}`,
            ring: recorded.ring,
            seq,
            ...counts,
            decision: reason,
          },
        });
      });
    },

    async decisions(rolloutId) {
      const rows = await db
        .selectFrom('rollout_decisions')
        .selectAll()
        .where('rollout_id', '=', rolloutId)
        .orderBy('seq')
        .execute();
      return rows.map((row): StoredDecision => ({
        seq: row.seq,
        ring: row.ring,
        at: row.at.toISOString(),
        action: row.action as RingAction,
        reason: row.reason,
        seconds: row.elapsed_seconds,
        last: row.last_ring,
        counts: row.counts,
        gates: row.gates,
        devices: row.devices as StoredDecision['devices'],
      }));
    },
  };
}
