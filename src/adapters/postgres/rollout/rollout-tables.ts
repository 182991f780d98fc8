import type { ColumnType, Generated } from 'kysely';
import type { GateResult } from '../../../contracts/gate.ts';
import type { RingVerdict, RolloutOutcome } from '../../../contracts/rollout/rollout.ts';
import type { RolloutPolicy } from '../../../contracts/rollout/policy.ts';
import type { DeviceVerdict } from '../../../domain/rollout/device-verdict.ts';
import type { RingCounts } from '../../../domain/rollout/ring-counts.ts';
import type { RolloutState } from '../../../contracts/rollout/state.ts';

/** JSON columns are read as values and written as text. */
type Json<T> = ColumnType<T, string | null, string | null>;

export interface RolloutTables {
  rollouts: {
    rollout_id: string;
    model: string;
    version: string;
    model_digest: string;
    image: string;
    image_digest: string;
    policy: Json<RolloutPolicy>;
    condition: string;
    devices: number;
    state: RolloutState;
    outcome: RolloutOutcome | null;
    previous: Json<{ version: string; configurationId: string } | null>;
    superseded_by: string | null;
    started_at: Date;
    finished_at: Date | null;
    workflow_id: string;
    run_id: string;
    actor: string;
    reason: string;
    conclusion: Generated<string>;
  };
  rollout_rings: {
    rollout_id: string;
    position: number;
    name: string;
    percent: number;
    devices: number;
    verdict: Generated<RingVerdict>;
    reason: Generated<string>;
    counts: Json<RingCounts | null>;
    opened_at: Date | null;
    decided_at: Date | null;
    approved_by: string | null;
  };
  rollout_devices: {
    rollout_id: string;
    device_id: string;
    ring: number;
    stratum: string;
    redundancy_group: string | null;
    previous_target: string | null;
    baselined_at: Date | null;
    restarts_at_offer: Generated<number>;
    offered_at: Date | null;
    verdict: Generated<DeviceVerdict>;
    reachable: Generated<boolean>;
    running: Generated<boolean>;
    attested: Generated<boolean>;
    reason: Generated<string>;
    restarts: Generated<number>;
    last_restart_count: number | null;
    good_since: Date | null;
    down_since: Date | null;
    attested_at: Date | null;
    checked_at: Date | null;
    evidence: Json<unknown>;
    revert_started_at: Date | null;
    reverted_at: Date | null;
  };
  rollout_decisions: {
    rollout_id: string;
    seq: number;
    ring: string;
    at: Date;
    action: string;
    reason: string;
    elapsed_seconds: number;
    last_ring: boolean;
    counts: Json<RingCounts>;
    gates: Json<GateResult[]>;
    devices: Json<unknown>;
  };
  device_assignments: {
    id: Generated<string>;
    device_id: string;
    model: string;
    version: string;
    image_digest: string | null;
    rollout_id: string;
    ring: string;
    since: Date;
    until: Date | null;
    attested_at: Date | null;
    reason: string;
  };
}
