import { judgeDevice, type DeviceJudgement } from '../../src/domain/rollout/device-verdict.ts';
import type { DeviceEvidence } from '../../src/contracts/device/evidence.ts';
import type { JudgedDevice, ObservedDevice, StoredRollout } from '../../src/ports/rollout-store.ts';

/**
 * Judges devices by fresh evidence; one that the hub did not answer for keeps what is known of it.
 */
export function judgeDevices(
  devices: readonly ObservedDevice[],
  evidence: readonly DeviceEvidence[],
  given: { readonly rollout: StoredRollout; readonly now: string },
): JudgedDevice[] {
  const { rollout, now } = given;
  const { imageDigest, modelDigest, policy } = rollout;
  const byId = new Map(evidence.map((e) => [e.deviceId, e]));
  return devices.flatMap((device) => {
    const seen = byId.get(device.deviceId);
    if (seen === undefined) return [];
    const wanted = { imageDigest, modelDigest };
    const judgement = judgeDevice(seen, { wanted, memory: device.memory, policy, now });
    return [{ deviceId: device.deviceId, judgement, evidence: brief(seen) }];
  });
}

/** The device as it stands after a judgement. */
export function afterJudgement(device: ObservedDevice, judgement: DeviceJudgement): ObservedDevice {
  const { verdict, reachable, running, attested } = judgement;
  const { offeredAt, restartsAtOffer, lastRestartCount, restarts, goodSince, downSince } = judgement;
  return {
    deviceId: device.deviceId,
    verdict,
    reachable,
    running,
    attested,
    memory: { offeredAt, restartsAtOffer, lastRestartCount, restarts, goodSince, downSince, verdict },
  };
}

/** True when a judgement says something that is not on record. */
export function isNews(device: ObservedDevice, judgement: DeviceJudgement): boolean {
  const { memory } = device;
  return (
    device.verdict !== judgement.verdict ||
    device.reachable !== judgement.reachable ||
    device.running !== judgement.running ||
    device.attested !== judgement.attested ||
    memory.restarts !== judgement.restarts ||
    memory.lastRestartCount !== judgement.lastRestartCount ||
    memory.goodSince !== judgement.goodSince ||
    memory.downSince !== judgement.downSince
  );
}

/** What is kept of the evidence beside a verdict: enough to judge again. */
function brief(evidence: DeviceEvidence): unknown {
  const { connected, lastActivity, agent, attestation, lastDesired } = evidence;
  return { connected, lastActivity, agent, attestation, lastDesired };
}
