import type { PlannedRollout } from '../../activities/rollout/plan-rollout.ts';
import type { RingReport, RolloutOutcome } from '../../src/contracts/rollout/rollout.ts';
import type { PipelineProgress, StepStatus } from '../../src/contracts/progress.ts';
import type { ResolvedFleetRolloutInput, RolloutStatus } from '../../src/contracts/rollout/rollout.ts';
import { noCounts, type RingCounts } from '../../src/domain/rollout/ring-counts.ts';
import { ROLLOUT_OUTCOME, type RolloutState } from '../../src/domain/rollout/states.ts';

/**
 * All that a rollout carries from run to run of its workflow: it grows with the rings, never with
 * the devices.
 */
export interface RolloutMemory {
  readonly input: ResolvedFleetRolloutInput;
  readonly plan: PlannedRollout;
  state: RolloutState;
  /** Index of the current ring. */
  ring: number;
  readonly rings: RingReport[];
  readonly counts: RingCounts[];
  /** Approver by ring name. */
  readonly approved: Record<string, string>;
  tookOver: boolean;
  /**
   * Milliseconds for which the current ring was observed before the last pause, and since when it
   * is now.
   */
  spentMs: number;
  since: number | null;
  /** Decisions taken so far: the next one's number. */
  decisions: number;
  /** Looks since the ring was held. */
  looks: number;
  /** Why the rollout is where it is. */
  reason: string;
  finishedAt: string | null;
  unrestorable: readonly string[];
  revertSince: number | null;
  /** Devices that have not gone back yet. */
  revertPending: number;
}

/** The memory of a rollout that has just been planned. */
export function newMemory(input: ResolvedFleetRolloutInput, plan: PlannedRollout): RolloutMemory {
  return {
    input,
    plan,
    state: 'planned',
    ring: 0,
    rings: plan.rings.map(({ name, devices }) => ({
      name,
      devices,
      reachable: 0,
      running: 0,
      attested: 0,
      pending: devices,
      failed: 0,
      verdict: 'pending',
      reason: '',
    })),
    counts: plan.rings.map(({ devices }) => noCounts(devices)),
    approved: {},
    tookOver: false,
    spentMs: 0,
    since: null,
    decisions: 0,
    looks: 0,
    reason: plan.warnings.join(' '),
    finishedAt: null,
    unrestorable: [],
    revertSince: null,
    revertPending: 0,
  };
}

/** Seconds since the current ring was opened, pauses left out. */
export function ringSeconds(memory: RolloutMemory, now: number): number {
  return (memory.spentMs + (memory.since === null ? 0 : now - memory.since)) / 1000;
}

const offered = (memory: RolloutMemory): RingCounts[] =>
  memory.counts.filter((_, i) => memory.rings[i]?.openedAt !== undefined);

/**
 * Devices to follow up: offered the version but not in contact since, left early, or not yet
 * reverted.
 */
export function pendingDevices(memory: RolloutMemory): number {
  if (memory.state === 'reverted') return memory.revertPending;
  return offered(memory).reduce((sum, counts) => sum + counts.pending + counts.lost, 0);
}

/**
 * Offered devices that are not good: away, not waited for, or failed where their ring tolerated it.
 */
export function leftDevices(memory: RolloutMemory): number {
  return offered(memory).reduce((sum, counts) => sum + counts.devices - counts.good, 0);
}

/** The rollout as the query `rolloutStatus` and the result show it. */
export function statusOf(memory: RolloutMemory): RolloutStatus {
  const { plan, state, rings, reason, finishedAt } = memory;
  const { rolloutId, model, version, previous, startedAt } = plan;
  const outcome: RolloutOutcome | null = ROLLOUT_OUTCOME[state] ?? null;
  const pending = pendingDevices(memory);
  return {
    rolloutId,
    model,
    version,
    state,
    outcome,
    previous,
    rings,
    startedAt,
    finishedAt,
    reason,
    pendingDevices: pending,
  };
}

const STEP_STATUS: Record<RingReport['verdict'], StepStatus> = {
  pending: 'waiting',
  running: 'running',
  promoted: 'done',
  held: 'running',
  failed: 'failed',
  reverted: 'failed',
  skipped: 'skipped',
};

/** The rings as steps, for the query that every pipeline answers. */
export function progressOf(memory: RolloutMemory, now: number): PipelineProgress {
  return {
    stage: memory.state,
    gates: [],
    steps: memory.rings.map(({ name, verdict, reason, openedAt, decidedAt }) => {
      const end = decidedAt === undefined ? now : Date.parse(decidedAt);
      const seconds = openedAt === undefined ? null : Math.round((end - Date.parse(openedAt)) / 100) / 10;
      return { name, status: STEP_STATUS[verdict], seconds, message: reason };
    }),
  };
}

/** The rollout as markdown for the Temporal UI. */
export function renderRollout(memory: RolloutMemory): string {
  const { plan, state, rings, reason } = memory;
  const from = plan.previous === null ? 'no earlier version' : `version ${plan.previous.version}`;
  return [
    `### Rollout of ${plan.model}@${plan.version} to ${plan.devices} devices: ${state}`,
    '',
    `From ${from}. ${reason}`,
    '',
    '| ring | devices | in contact | running | attested | failed | pending | verdict | why |',
    '|---|---:|---:|---:|---:|---:|---:|---|---|',
    ...rings.map(
      (r) =>
        `| ${r.name} | ${r.devices} | ${r.reachable} | ${r.running} | ${r.attested} | ${r.failed} | ${r.pending} | ${r.verdict} | ${r.reason.replaceAll('|', '\\|')} |`,
    ),
  ].join('\n');
}
