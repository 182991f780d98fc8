import type { RolloutPolicy } from '../../contracts/rollout/policy.ts';
import type { DeviceEvidence } from '../../contracts/device/evidence.ts';

/**
 * waiting: no contact since the offer. updating: in contact, not yet there. soaking: everything is
 * right, not yet for long enough. good, failed: decided. lost: had contact since the offer and left
 * before it could be judged.
 */
export const DEVICE_VERDICTS = ['waiting', 'updating', 'soaking', 'good', 'failed', 'lost'] as const;
export type DeviceVerdict = (typeof DEVICE_VERDICTS)[number];

/** What a device has to run and attest. */
export interface Wanted {
  /** Digest in the reference that the device was given. */
  readonly imageDigest: string;
  readonly modelDigest: string;
}

/** What is remembered of a device from look to look; times are ISO 8601. */
export interface DeviceMemory {
  readonly offeredAt: string;
  readonly restartsAtOffer: number;
  readonly lastRestartCount: number | null;
  /** Restarts since the offer. */
  readonly restarts: number;
  readonly goodSince: string | null;
  readonly downSince: string | null;
  readonly verdict: DeviceVerdict;
}

export interface DeviceJudgement extends DeviceMemory {
  readonly reachable: boolean;
  readonly running: boolean;
  readonly attested: boolean;
  readonly reason: string;
}

type JudgePolicy = Pick<RolloutPolicy, 'soakSeconds' | 'maxRestarts'>;

const DOWN = new Set(['failed', 'backoff', 'unhealthy', 'stopped', 'stopped_unknown']);
/**
 * Longest time for which a module must stay down before the device counts as failed, in seconds.
 */
const LONGEST_CONFIRMATION = 15;
/**
 * Codes of `$edgeAgent` that say that the deployment itself could not be applied: invalid, wrong
 * schema, agent's error.
 */
const NOT_APPLIED = new Set([400, 412, 500]);

const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

/**
 * Whether the device had contact with the hub since a moment: connected now, or active after it.
 */
export function isReachable(evidence: DeviceEvidence, since: string): boolean {
  if (evidence.connected) return true;
  return evidence.lastActivity !== null && Date.parse(evidence.lastActivity) > Date.parse(since);
}

/**
 * Whether `$edgeAgent` says that the module runs an image with this digest (whatever the module
 * then does).
 */
export function runsImage(evidence: DeviceEvidence, imageDigest: string): boolean {
  return evidence.agent?.settings?.image?.includes(imageDigest) === true;
}

/**
 * What the module really does: `runtimeStatus`; in the agent's report `status` is the one that is
 * desired.
 */
export function statusOf({ agent }: DeviceEvidence): string {
  return agent?.runtimeStatus ?? agent?.status ?? 'unknown';
}

/** A restart counter only grows; when it is smaller than before, the agent began to count anew. */
function restartsSeen(memory: DeviceMemory, count: number): number {
  const before = memory.lastRestartCount ?? memory.restartsAtOffer;
  return memory.restarts + (count >= before ? count - before : count);
}

/**
 * What the module says about itself is about this image when it names it, or was said after the
 * agent's last start.
 */
function attestationIsFresh(evidence: DeviceEvidence, wanted: Wanted): boolean {
  const { agent, attestation } = evidence;
  if (attestation === null) return false;
  if (attestation.image.includes(wanted.imageDigest)) return true;
  const started = agent?.lastStartTimeUtc;
  return started !== undefined && Date.parse(attestation.startedAt) >= Date.parse(started);
}

/**
 * What the module attests that can never become right by waiting; undefined when there is nothing.
 */
function attestedFault(evidence: DeviceEvidence, wanted: Wanted): string | undefined {
  const { attestation } = evidence;
  if (attestation === null || !attestationIsFresh(evidence, wanted)) return undefined;
  if (attestation.state === 'starting') return undefined;
  if (attestation.model.digest !== wanted.modelDigest)
    return `attests model ${attestation.model.digest}, not ${wanted.modelDigest}`;
  if (attestation.state === 'failed') return 'the module says that it failed';
  if (!attestation.golden.match)
    return `golden rows do not match (largest difference ${attestation.golden.maxAbsDiff})`;
  return undefined;
}

/**
 * Judges one device by its evidence. Good: the agent runs the wanted image with status "running",
 * the module attests the model digest and the golden rows, restarts since the offer ≤ maxRestarts,
 * and all this for soakSeconds without a restart, seen while the device was in contact; a module
 * that still waits for its calibration counts, because that is not the version's fault. Failed: too
 * many restarts, a wrong digest, golden rows that do not match (final), or a module that stays down
 * for min(soakSeconds, 15) seconds. Offline is never failed.
 */
export function judgeDevice(
  evidence: DeviceEvidence,
  given: {
    readonly wanted: Wanted;
    readonly memory: DeviceMemory;
    readonly policy: JudgePolicy;
    now: string;
  },
): DeviceJudgement {
  const { wanted, memory, policy, now } = given;
  const idle = { ...memory, goodSince: null, downSince: null, running: false, attested: false };
  if (!isReachable(evidence, memory.offeredAt))
    return { ...idle, verdict: 'waiting', reachable: false, reason: 'no contact since the offer' };

  const seen = { ...idle, reachable: true };
  const away = (verdict: DeviceVerdict, reason: string): Pick<DeviceJudgement, 'verdict' | 'reason'> =>
    evidence.connected
      ? { verdict, reason }
      : { verdict: 'lost', reason: `left while ${verdict}: ${reason}` };
  const problem = NOT_APPLIED.has(evidence.lastDesired?.code ?? 200) ? evidence.lastDesired : null;

  if (!runsImage(evidence, wanted.imageDigest)) {
    if (problem) return down(`deployment not applied: ${problem.description}`, seen);
    const image = evidence.agent?.settings?.image ?? 'nothing yet';
    return { ...seen, ...away('updating', `the agent reports ${image}`) };
  }

  const status = statusOf(evidence);
  const count = evidence.agent?.restartCount ?? 0;
  const restarts = restartsSeen(memory, count);
  const running = status === 'running';
  const there = { ...seen, running, restarts, lastRestartCount: count };
  const fault =
    restarts > policy.maxRestarts
      ? `${restarts} restarts since the offer, allowed ${policy.maxRestarts}`
      : attestedFault(evidence, wanted);
  if (fault !== undefined) return { ...there, verdict: 'failed', reason: fault };
  if (DOWN.has(status)) return down(`module is ${status} ${evidence.agent?.statusDescription ?? ''}`, there);
  if (!running) return { ...there, ...away('updating', `module is ${status}`) };
  const state = evidence.attestation?.state;
  if (!attestationIsFresh(evidence, wanted) || state === 'starting')
    return { ...there, ...away('updating', 'runs the image; the module has not attested yet') };

  const silent = state === 'calibrating' || state === 'uncalibrated' ? `; does not score yet: ${state}` : '';
  const goodSince = (restarts === memory.restarts ? memory.goodSince : null) ?? now;
  const right = { ...there, attested: true, goodSince };
  const seenUntil = evidence.connected ? now : (evidence.lastActivity ?? goodSince);
  const soaked = secondsBetween(goodSince, seenUntil);
  if (soaked >= policy.soakSeconds)
    return { ...right, verdict: 'good', reason: `right for ${Math.round(soaked)} s${silent}` };
  return { ...right, ...away('soaking', `right for ${Math.max(0, Math.round(soaked))} s${silent}`) };

  /**
   * A module that is down fails its device once it has been down for long enough; until then it is
   * updating.
   */
  function down(what: string, base: Omit<DeviceJudgement, 'reason'>): DeviceJudgement {
    const downSince = memory.downSince ?? now;
    const downFor = secondsBetween(downSince, now);
    const confirmed = evidence.connected && downFor >= Math.min(policy.soakSeconds, LONGEST_CONFIRMATION);
    if (confirmed) return { ...base, downSince, verdict: 'failed', reason: what.trim() };
    return { ...base, downSince, ...away('updating', `${what.trim()}, not yet confirmed`) };
  }
}
