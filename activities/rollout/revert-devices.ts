import { cancellationSignal, sleep } from '@temporalio/activity';
import { isReachable, runsImage, statusOf } from '../../src/domain/rollout/device-verdict.ts';
import type { DeviceEvidence } from '../../src/contracts/device/evidence.ts';
import type { RevertingDevice } from '../../src/ports/rollout-store.ts';
import { CHUNK, storedRollout, type HeartbeatDeps, type FleetDeps } from './rollout-deps.ts';
import { digestIn, restoreTargets } from './model-configurations.ts';

export interface WayBack {
  readonly possible: boolean;
  readonly reason: string;
  /**
   * Previous targets that have no configuration any more: devices that had them keep what they run.
   */
  readonly unrestorable: readonly string[];
}

/**
 * Finds out whether the devices that were offered the version can go back, and makes lost
 * configurations again.
 */
export async function prepareRevert(deps: FleetDeps, rolloutId: string): Promise<WayBack> {
  const previous = await deps.store.previousTargets(rolloutId);
  const named = previous.flatMap(({ target }) => (target === null ? [] : [target]));
  const { unrestorable } = await restoreTargets(deps, named);
  const possible = previous.length === 0 || previous.some((p) => !unrestorable.includes(p.target ?? ''));
  const lost = `no configuration and no image on record for ${unrestorable.join(', ')}`;
  const to = previous.map(({ target, devices }) => `${devices} to ${target ?? 'no model'}`).join(', ');
  return { possible, unrestorable, reason: unrestorable.length > 0 ? lost : to };
}

/**
 * Gives every offered device its previous target back (or none); resumes where it stopped. Returns
 * how many now.
 */
export async function revertDevices(
  deps: HeartbeatDeps,
  input: { readonly rolloutId: string; readonly unrestorable: readonly string[]; readonly reason: string },
): Promise<number> {
  const { hub, store } = deps;
  const { rolloutId, unrestorable, reason } = input;
  const previous = await store.previousTargets(rolloutId);
  const named = previous.flatMap(({ target }) => (target === null ? [] : [target]));
  const { images } = await restoreTargets(
    deps,
    named.filter((target) => !unrestorable.includes(target)),
  );
  let reverted = 0;
  for (;;) {
    const chunk = await store.toRevert(rolloutId, { limit: CHUNK, without: unrestorable });
    if (chunk.length === 0) return reverted;
    for (const [target, devices] of Map.groupBy(chunk, (device) => device.previousTarget)) {
      const ids = devices.map((device) => device.deviceId);
      await hub.setTarget(ids, target);
      await store.markReverting(rolloutId, ids, { images, reason });
      reverted += ids.length;
      deps.report({ reverted });
      cancellationSignal().throwIfAborted(); // somebody wants the devices to keep what they run
    }
  }
}

export interface RevertObservation {
  /** In contact, and not yet back. */
  readonly waiting: number;
  /** Without contact since: they go back when they return. */
  readonly pending: number;
  readonly restored: number;
}

/**
 * True when the device runs what it had before; without a previous model: when it no longer runs
 * the version.
 */
export function isBack(
  evidence: DeviceEvidence,
  device: RevertingDevice,
  given: { readonly imageDigest: string; readonly images: Readonly<Record<string, string>> },
): boolean {
  const previous = device.previousTarget === null ? undefined : given.images[device.previousTarget];
  if (previous === undefined || previous === '') return !runsImage(evidence, given.imageDigest);
  return runsImage(evidence, previous) && statusOf(evidence) === 'running';
}

const LONGEST_MS = 60_000;

/**
 * Looks until every device in contact runs its previous version again, for at most 60 s (`once`:
 * one look).
 */
export async function observeRevert(
  deps: HeartbeatDeps,
  { rolloutId, once }: { readonly rolloutId: string; readonly once: boolean },
): Promise<RevertObservation> {
  const { hub, store, clock } = deps;
  const { imageDigest, policy } = await storedRollout(store, rolloutId);
  const images = Object.fromEntries((await hub.configurations()).map((c) => [c.id, digestIn(c.image) ?? '']));
  const end = clock.now().getTime() + LONGEST_MS;
  let left = await store.reverting(rolloutId);
  let restored = 0;
  for (;;) {
    const evidence = await hub.readEvidence(left.map((device) => device.deviceId));
    const byId = new Map(evidence.map((e) => [e.deviceId, e]));
    const [back, rest] = [[] as RevertingDevice[], [] as RevertingDevice[]];
    let waiting = 0;
    for (const device of left) {
      const seen = byId.get(device.deviceId);
      const near = seen !== undefined && isReachable(seen, device.revertStartedAt);
      if (near && isBack(seen, device, { imageDigest, images })) back.push(device);
      else rest.push(device);
      if (near && !back.includes(device)) waiting += 1;
    }
    await store.markReverted(
      rolloutId,
      back.map((device) => device.deviceId),
    );
    restored += back.length;
    left = rest;
    deps.report({ waiting, restored });
    if (waiting === 0 || once || clock.now().getTime() >= end)
      return { waiting, pending: left.length - waiting, restored };
    await sleep(policy.pollSeconds * 1000);
  }
}
