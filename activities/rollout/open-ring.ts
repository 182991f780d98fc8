import { cancellationSignal } from '@temporalio/activity';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { targetName } from '../../src/contracts/device/device-tags.ts';
import { CHUNK, storedRollout, type HeartbeatDeps } from './rollout-deps.ts';

export interface RingPlace {
  readonly rolloutId: string;
  /** Index of the ring. */
  readonly position: number;
}

/**
 * Gives the devices of a ring the version's target, chunk by chunk: what a device had is written
 * down first, its offer after the hub took the target. Goes on where it stopped; a device is
 * offered once. Returns how many were offered now.
 */
export async function openRing(deps: HeartbeatDeps, { rolloutId, position }: RingPlace): Promise<number> {
  const { hub, store } = deps;
  const { model, version } = await storedRollout(store, rolloutId);
  await store.openRing(rolloutId, position);
  let offered = 0;
  for (;;) {
    const chunk = await store.toOffer(rolloutId, position, CHUNK);
    if (chunk.length === 0) return offered;
    await saveBaselines(
      deps,
      rolloutId,
      chunk.filter((device) => !device.baselined).map((device) => device.deviceId),
    );
    const ids = chunk.map((device) => device.deviceId);
    try {
      await hub.setTarget(ids, targetName(model, version));
    } catch (error) {
      // After a permanent refusal some devices may still have the target: all count as offered, so
      // that a revert reaches them.
      if (error instanceof WindlassError && !error.retryable)
        await store.markOffered(rolloutId, position, ids);
      throw error;
    }
    await store.markOffered(rolloutId, position, ids);
    offered += ids.length;
    deps.report({ offered });
    cancellationSignal().throwIfAborted();
  }
}

async function saveBaselines(
  { hub, store }: HeartbeatDeps,
  rolloutId: string,
  deviceIds: readonly string[],
): Promise<void> {
  if (deviceIds.length === 0) return;
  const targets = await hub.readTargets(deviceIds);
  const evidence = await hub.readEvidence(deviceIds);
  const restarts = new Map(evidence.map((e) => [e.deviceId, e.agent?.restartCount ?? 0]));
  await store.saveBaselines(
    rolloutId,
    deviceIds.map((deviceId) => ({
      deviceId,
      target: targets.get(deviceId) ?? null,
      restarts: restarts.get(deviceId) ?? 0,
    })),
  );
}
