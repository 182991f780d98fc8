import type { GateResult } from '../../contracts/gate.ts';
import type { RingVerdict } from '../../contracts/rollout/rollout.ts';
import type { RolloutPolicy } from '../../contracts/rollout/policy.ts';
import type { RingCounts } from './ring-counts.ts';
import { shortPercent } from '../../base/percent.ts';
import { gate } from '../gates/build.ts';

export type RingAction = 'wait' | 'promote' | 'fail' | 'hold';

export interface RingDecision {
  readonly action: RingAction;
  readonly reason: string;
  readonly gates: readonly GateResult[];
}

export interface RingTime {
  /** Seconds since the ring was opened, pauses left out. */
  readonly seconds: number;
  /**
   * No later ring has devices, and an earlier one was promoted by its evidence: there is nothing
   * left to protect, so that at the timeout too few devices in contact warn instead of holding. The
   * rest become stragglers with their own gate.
   */
  readonly last: boolean;
}

/** Whether a ring is the last in the sense of `RingTime`. */
export function isLastRing(
  rings: ReadonlyArray<{ readonly counts: Pick<RingCounts, 'devices'>; readonly verdict: RingVerdict }>,
  position: number,
): boolean {
  const proven = rings.slice(0, position).some((ring) => ring.verdict === 'promoted');
  return proven && rings.slice(position + 1).every((ring) => ring.counts.devices === 0);
}

export type DecisionPolicy = Pick<
  RolloutPolicy,
  | 'successThreshold'
  | 'failureThreshold'
  | 'minDevices'
  | 'minCoverage'
  | 'ringTimeoutSeconds'
  | 'holdSeconds'
>;

/** Guards products such as 0.07 × 100 = 7.000000000000001 against rounding to the wrong side. */
const EPSILON = 1e-9;
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * Devices that a verdict can rest on: those in contact since the offer without those that left
 * before a judgement.
 */
export function judgeable(counts: RingCounts): number {
  return counts.reachable - counts.lost;
}

/** Most failed devices that are tolerated: the whole part of failureThreshold × judgeable. */
export function toleratedFailures(counts: RingCounts, policy: DecisionPolicy): number {
  return Math.floor(policy.failureThreshold * judgeable(counts) + EPSILON);
}

/**
 * Fewest good devices that promote: ceil(successThreshold × judgeable); all of them in a ring below
 * minDevices.
 */
export function neededGood(counts: RingCounts, policy: DecisionPolicy): number {
  const n = judgeable(counts);
  return counts.devices < policy.minDevices
    ? n
    : Math.max(0, Math.ceil(policy.successThreshold * n - EPSILON));
}

function gatesOf(counts: RingCounts, policy: DecisionPolicy, time: RingTime): GateResult[] {
  const n = judgeable(counts);
  const tolerated = toleratedFailures(counts, policy);
  const needed = neededGood(counts, policy);
  const leastN = Math.min(policy.minDevices, Math.max(counts.devices, 1));
  const enough = counts.devices < policy.minDevices ? n >= 1 : n >= policy.minDevices;
  const coverage = share(n, counts.devices);
  const covered = coverage + EPSILON >= policy.minCoverage;
  const waived = time.last && time.seconds >= policy.ringTimeoutSeconds;
  return [
    gate('ring-sample', enough ? 'pass' : waived ? 'warn' : 'insufficient', {
      observed: n,
      threshold: leastN,
      n,
      reason: `${n} devices can be judged (${counts.pending} not in contact, ${counts.lost} left early)`,
    }),
    gate('ring-failures', counts.failed > tolerated ? 'fail' : 'pass', {
      observed: counts.failed,
      threshold: tolerated,
      n,
      reason: `${counts.failed} of ${n} failed (${shortPercent(share(counts.failed, n))}), tolerated ${tolerated} (${shortPercent(policy.failureThreshold)})`,
    }),
    gate('ring-success', (n > 0 || waived) && counts.good >= needed ? 'pass' : 'insufficient', {
      observed: counts.good,
      threshold: needed,
      n,
      reason: `${counts.good} of ${n} good (${shortPercent(share(counts.good, n))}), needed ${needed}`,
    }),
    gate('ring-coverage', covered ? 'pass' : waived ? 'warn' : 'insufficient', {
      observed: Math.round(coverage * 1e4) / 1e4,
      threshold: policy.minCoverage,
      n: counts.devices,
      reason: `${n} of ${counts.devices} could be judged (${shortPercent(coverage)}), floor ${shortPercent(policy.minCoverage)}`,
    }),
  ];
}

/**
 * Decides on an open ring. fail: at least one failure and more than the tolerated share of the
 * judgeable devices, at once. promote: enough devices, enough of them good, coverage above the
 * floor. hold: ringTimeoutSeconds went by without either; fail: holdSeconds more went by. wait:
 * none of these yet. More good devices never turn a promotion back, more failed ones never turn a
 * failure into anything else, and more time never promotes (except the last ring, see RingTime).
 */
export function decideRing(counts: RingCounts, policy: DecisionPolicy, time: RingTime): RingDecision {
  const gates = gatesOf(counts, policy, time);
  const failures = gates.find((gate) => gate.name === 'ring-failures');
  if (failures?.status === 'fail') return { action: 'fail', reason: failures.reason, gates };
  const open = gates.filter((gate) => gate.status === 'insufficient');
  if (open.length === 0) {
    const warned = gates.filter((gate) => gate.status === 'warn');
    const reasons = gates.filter((gate) => gate.name === 'ring-success' || warned.includes(gate));
    return { action: 'promote', reason: reasons.map((gate) => gate.reason).join('; '), gates };
  }
  const missing = open.map((gate) => gate.reason).join('; ');
  const { ringTimeoutSeconds, holdSeconds } = policy;
  if (time.seconds >= ringTimeoutSeconds + holdSeconds) {
    const waited = `no decision within ${ringTimeoutSeconds} s and ${holdSeconds} s of hold`;
    return { action: 'fail', reason: `${waited}: ${missing}`, gates };
  }
  if (time.seconds >= ringTimeoutSeconds)
    return { action: 'hold', reason: `no decision within ${ringTimeoutSeconds} s: ${missing}`, gates };
  return { action: 'wait', reason: missing, gates };
}
