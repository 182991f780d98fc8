import { parseTarget, targetName } from '../../src/contracts/device/device-tags.ts';
import type { JudgedDevice, ObservedDevice } from '../../src/ports/rollout-store.ts';
import { storedRollout, type FleetDeps } from './rollout-deps.ts';
import { isNews, judgeDevices } from './judge-devices.ts';
import { restoreTargets } from './model-configurations.ts';

export interface StragglerLook {
  /**
   * Devices that still have to take the version; those that a newer rollout took over are no longer
   * counted.
   */
  readonly left: number;
  /** Of them, in contact and on their way: worth looking at again soon. */
  readonly busy: number;
  readonly good: number;
  readonly failed: number;
  /** Seconds after which a busy device may have been right for long enough. */
  readonly againAfter: number;
}

/**
 * One look at the devices that a finished rollout still waits for. A query says which of them were
 * in contact (it may lag, which only delays); their twins decide, by the gate of the rollout's
 * rings. One that fails goes back alone, and so do those whose failure their ring tolerated.
 */
export async function checkStragglers(deps: FleetDeps, rolloutId: string): Promise<StragglerLook> {
  const { hub, store, clock } = deps;
  const rollout = await storedRollout(store, rolloutId);
  const { policy, condition } = rollout;
  const againAfter = policy.soakSeconds + policy.pollSeconds;
  const stragglers = await store.stragglers(rolloutId);
  const [failedBefore, open] = [
    stragglers.filter((device) => device.verdict === 'failed').map((device) => device.deviceId),
    stragglers.filter((device) => device.verdict !== 'failed'),
  ];
  const judged = open.length === 0 ? [] : await judge();
  const ids = (verdict: string): string[] =>
    judged.filter((one) => one.judgement.verdict === verdict).map((one) => one.deviceId);
  const [good, failed] = [ids('good'), ids('failed')];
  const back = await putBack(deps, rolloutId, [...failedBefore, ...failed]);
  if (good.length + back.length > 0) await recordReturns(deps, rolloutId, { good, failed: back });
  return {
    left: open.length - good.length - failed.length,
    busy: judged.filter((one) => ['updating', 'soaking'].includes(one.judgement.verdict)).length,
    good: good.length,
    failed: back.length,
    againAfter,
  };

  async function judge(): Promise<JudgedDevice[]> {
    const listed = new Map((await hub.listDevices(condition)).map((device) => [device.deviceId, device]));
    const near = open.filter((device) => mayHaveReturned(device, listed.get(device.deviceId)));
    const byId = new Map(near.map((device) => [device.deviceId, device]));
    const evidence = await hub.readEvidence([...byId.keys()]);
    const all = judgeDevices(near, evidence, { rollout, now: clock.now().toISOString() });
    const news = all.filter(({ deviceId, judgement }) => {
      const device = byId.get(deviceId);
      return device !== undefined && isNews(device, judgement);
    });
    await store.saveJudgements(rolloutId, news);
    return all;
  }
}

function mayHaveReturned(
  device: ObservedDevice,
  listed: { readonly connected: boolean; readonly lastActivity: string | null } | undefined,
): boolean {
  if (device.reachable || listed === undefined || listed.connected) return true;
  const { lastActivity } = listed;
  return lastActivity !== null && Date.parse(lastActivity) > Date.parse(device.memory.offeredAt);
}

/**
 * Gives failed devices their previous target back, where that still has a configuration; returns
 * those that go back.
 */
async function putBack(deps: FleetDeps, rolloutId: string, deviceIds: readonly string[]): Promise<string[]> {
  if (deviceIds.length === 0) return [];
  const { hub, store } = deps;
  const { model, version } = await storedRollout(store, rolloutId);
  const targets = (await store.previousTargetsOf(rolloutId, deviceIds)).filter(
    (one) => one.previousTarget !== targetName(model, version),
  );
  const named = [...new Set(targets.map((one) => one.previousTarget).filter((target) => target !== null))];
  const { images, unrestorable } = await restoreTargets(deps, named);
  const back: string[] = [];
  for (const [target, devices] of Map.groupBy(targets, (one) => one.previousTarget)) {
    if (target !== null && unrestorable.includes(target)) continue;
    const ids = devices.map((one) => one.deviceId);
    await hub.setTarget(ids, target);
    const to = target === null ? 'no model' : `version ${parseTarget(target).version}`;
    await store.markReverting(rolloutId, ids, {
      images,
      reason: `did not pass its gate: back to ${to}`,
    });
    back.push(...ids);
  }
  return back;
}

async function recordReturns(
  { registry, store }: FleetDeps,
  rolloutId: string,
  details: { readonly good: readonly string[]; readonly failed: readonly string[] },
): Promise<void> {
  const { model, version, actor } = await storedRollout(store, rolloutId);
  await registry.recordAudit({
    actor,
    action: 'rollout.stragglers',
    subject: `rollout/${rolloutId}`,
    reason: `${details.good.length} devices that returned late are good, ${details.failed.length} failed and go back`,
    details: { model: `${model}@${version}`, ...details },
  });
}
