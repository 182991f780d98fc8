import { activityInfo } from '@temporalio/activity';
import { findModel } from '../../src/application/find-model.ts';
import type { RingDevice } from '../../src/domain/rollout/assign-rings.ts';
import { assignRings } from '../../src/domain/rollout/assign-rings.ts';
import type { PlannedRollout, ResolvedFleetRolloutInput } from '../../src/contracts/rollout/rollout.ts';
import { parseTarget, targetName } from '../../src/contracts/device/device-tags.ts';
import { ALIASES } from '../../src/contracts/names.ts';
import { promotionRefusal } from '../../src/domain/registry/promotion.ts';
import { isUsable } from '../../src/domain/registry/states.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { FleetDevice } from '../../src/contracts/device/evidence.ts';
import type { FleetHub } from '../../src/ports/fleet-hub.ts';
import type { ModelImages } from '../../src/ports/registry/images.ts';
import type { ModelFinder } from '../../src/ports/registry/model-search.ts';
import type { ModelVersions } from '../../src/ports/registry/model-versions.ts';
import type { Aliases } from '../../src/ports/registry/aliases.ts';
import type { NewRollout, StoredRollout } from '../../src/ports/rollout-store.ts';
import type { HeartbeatDeps } from './rollout-deps.ts';
import { modelConfiguration, restoreTargets } from './model-configurations.ts';

/** The devices of a condition as ring assignment sees them; throws NOT_FOUND when there is none. */
export async function ringDevices(
  hub: FleetHub,
  condition: string,
): Promise<{ devices: RingDevice[]; listed: FleetDevice[] }> {
  const listed = await hub.listDevices(condition);
  if (listed.length === 0)
    throw new WindlassError(
      'NOT_FOUND',
      condition === '' ? 'The hub has no edge device.' : `No edge device meets the condition ${condition}.`,
      { hint: 'The condition is one of the hub\'s query language, e.g. tags.site = "north".' },
    );
  const devices = listed.map(({ deviceId, connected, tags: { site, platform, link, redundancyGroup } }) => ({
    deviceId,
    site,
    platform,
    link,
    away: !connected,
    redundancyGroup,
  }));
  return { devices, listed };
}

/**
 * A version that may be rolled out, with its image: what may not become champion may not reach a
 * device either. Throws NOT_FOUND, GATE_FAILED (rejected version), APPROVAL_REQUIRED,
 * PROMOTION_REFUSED or CONFLICT (no image yet).
 */
export async function deployableVersion(
  registry: ModelVersions & ModelFinder & ModelImages & Aliases,
  reference: string,
): Promise<{ name: string; version: string; digest: string; image: string; imageDigest: string }> {
  const { name, version, digest, state, gates } = await findModel(registry, reference);
  if (!isUsable(state))
    throw new WindlassError('GATE_FAILED', `${name}@${version} is ${state}: it may not be deployed.`, {
      details: { gates },
    });
  const refusal = promotionRefusal(await registry.promotionGates(name, version, ALIASES.champion));
  if (refusal !== undefined)
    throw new WindlassError(refusal.code, `${name}@${version} may not be rolled out: ${refusal.why}.`);
  const image = await registry.image(name, version);
  if (image === undefined)
    throw new WindlassError('CONFLICT', `${name}@${version} has no image yet.`, {
      hint: `Package it first: \`windlass deploy ${name}@${version} --package-only\`.`,
    });
  return { name, version, digest, image: image.reference, imageDigest: image.digest };
}

/** What most of these devices have now, of this model and another version. */
function previousOf(
  listed: readonly FleetDevice[],
  model: { name: string; version: string },
): StoredRollout['previous'] {
  const counts = new Map<string, number>();
  for (const { tags } of listed)
    for (const target of Object.values(tags.windlass))
      if (parseTarget(target).model === model.name && target !== targetName(model.name, model.version))
        counts.set(target, (counts.get(target) ?? 0) + 1);
  const [most] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return most === undefined ? null : { version: parseTarget(most[0]).version, configurationId: most[0] };
}

/**
 * Plans a rollout once per workflow: lists the devices, assigns rings, writes the plan (which
 * supersedes live rollouts of the model) and makes sure of the version's configuration. Throws
 * NOT_FOUND, GATE_FAILED, CONFLICT.
 */
export async function planRollout(
  deps: HeartbeatDeps,
  input: ResolvedFleetRolloutInput,
): Promise<PlannedRollout> {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined)
    throw new WindlassError('INTERNAL', 'a rollout belongs to a workflow run');
  const { workflowId: rolloutId, runId } = workflowExecution;
  const warnings: string[] = [];
  let stored = await deps.store.rollout(rolloutId);
  if (stored === undefined) {
    const model = await deployableVersion(deps.registry, input.model);
    const { devices, listed } = await ringDevices(deps.hub, input.devices);
    deps.report({ devices: devices.length });
    const previous = previousOf(listed, model);
    if (previous !== null) {
      const { unrestorable } = await restoreTargets(deps, [previous.configurationId]);
      if (unrestorable.length > 0)
        warnings.push(
          `The hub has no configuration ${previous.configurationId}: a failed ring could not go back to it.`,
        );
    }
    const plan: NewRollout = {
      rolloutId,
      model: model.name,
      version: model.version,
      modelDigest: model.digest,
      image: model.image,
      imageDigest: model.imageDigest,
      policy: input.rollout,
      condition: input.devices,
      previous,
      workflowId: rolloutId,
      runId,
      actor: input.actor,
      reason: input.reason,
    };
    stored = await deps.store.create(plan, assignRings(devices, input.rollout.rings, input.rollout.seed));
  }
  const { model, version, modelDigest, image, imageDigest, devices, rings, previous, startedAt } = stored;
  await deps.hub.ensureConfiguration(
    modelConfiguration({ name: model, version, digest: modelDigest, image }),
  );
  return {
    rolloutId,
    model,
    version,
    modelDigest,
    imageDigest,
    devices,
    previous,
    startedAt,
    warnings,
    rings: rings.map((ring) => ({ name: ring.name, devices: ring.devices })),
  };
}
