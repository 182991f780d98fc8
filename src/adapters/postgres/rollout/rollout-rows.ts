import { sql } from 'kysely';
import type { Kysely, Selectable } from 'kysely';
import { noCounts } from '../../../domain/rollout/ring-counts.ts';
import { ringReport, type RolloutRing } from '../../../domain/rollout/rollout-ring.ts';
import type { ObservedDevice, StoredRing, StoredRollout } from '../../../ports/rollout-store.ts';
import type { RolloutTables } from './rollout-tables.ts';
import type { Database } from '../schema.ts';

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

function ringOf(row: Selectable<RolloutTables['rollout_rings']>): StoredRing {
  const counts = row.counts ?? noCounts(row.devices);
  const ring: RolloutRing = {
    name: row.name,
    counts,
    verdict: row.verdict,
    reason: row.reason,
    openedAt: iso(row.opened_at) ?? undefined,
    decidedAt: iso(row.decided_at) ?? undefined,
  };
  return {
    ...ringReport(ring),
    counts,
    position: row.position,
    percent: row.percent,
    approvedBy: row.approved_by,
  };
}

/**
 * Rollouts with their rings in order, as the port gives them; two statements for any number of
 * rollouts.
 */
export async function withRings(
  db: Kysely<Database>,
  rows: ReadonlyArray<Selectable<RolloutTables['rollouts']>>,
): Promise<StoredRollout[]> {
  if (rows.length === 0) return [];
  const rings = await db
    .selectFrom('rollout_rings')
    .selectAll()
    .where(
      'rollout_id',
      'in',
      rows.map((row) => row.rollout_id),
    )
    .orderBy('position')
    .execute();
  const byRollout = Map.groupBy(rings, (ring) => ring.rollout_id);
  return rows.map((row) => ({
    rolloutId: row.rollout_id,
    model: row.model,
    version: row.version,
    modelDigest: row.model_digest,
    image: row.image,
    imageDigest: row.image_digest,
    policy: row.policy,
    condition: row.condition,
    devices: row.devices,
    state: row.state,
    outcome: row.outcome,
    previous: row.previous,
    supersededBy: row.superseded_by,
    startedAt: row.started_at.toISOString(),
    finishedAt: iso(row.finished_at),
    workflowId: row.workflow_id,
    runId: row.run_id,
    actor: row.actor,
    reason: row.reason,
    conclusion: row.conclusion,
    rings: (byRollout.get(row.rollout_id) ?? []).map(ringOf),
  }));
}

/** A device row as observation needs it; `offered_at` must be set. */
export function observedDevice(row: Selectable<RolloutTables['rollout_devices']>): ObservedDevice {
  return {
    deviceId: row.device_id,
    verdict: row.verdict,
    reachable: row.reachable,
    running: row.running,
    attested: row.attested,
    memory: {
      offeredAt: iso(row.offered_at) ?? '',
      restartsAtOffer: row.restarts_at_offer,
      lastRestartCount: row.last_restart_count,
      restarts: row.restarts,
      goodSince: iso(row.good_since),
      downSince: iso(row.down_since),
      verdict: row.verdict,
    },
  };
}

/**
 * A list of objects as a JSON parameter, for `jsonb_to_recordset`: one parameter however many rows
 * there are.
 */
export function rowsParameter(rows: readonly unknown[]) {
  return sql`${JSON.stringify(rows)}::jsonb`;
}
