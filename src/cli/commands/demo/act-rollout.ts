import type { DeployResult } from '../../../contracts/packaging/deploy.ts';
import { attestedVersions, deploy, passed, type ActOutcome } from './acts.ts';
import { until } from './follow.ts';
import { MODEL, type Stage } from './stage.ts';

const OFFLINE_PERCENT = 10;

/** Waits until every device attests the version, those that were away included. */
export async function allAttest(
  stage: Stage,
  version: string,
  seconds: number,
): Promise<Record<string, number>> {
  return until(stage, `devices on ${MODEL}@${version}`, {
    read: () => attestedVersions(stage),
    holds: (versions) => versions[version] === stage.devices,
    show: (versions) => `${versions[version] ?? 0} of ${stage.devices}`,
    seconds,
  });
}

/** What a finished deployment shows in the summary. */
export function deployed(result: DeployResult): Pick<ActOutcome, 'model' | 'image' | 'gates' | 'rings'> {
  return { model: result.model, image: result.image, gates: result.gates, rings: result.rollout?.rings };
}

/**
 * Act 2: the champion goes to the fleet in rings while some pumps are away; they catch up when they
 * return.
 */
export async function actRollout(stage: Stage, version: string): Promise<ActOutcome> {
  await stage.fleet.offline({ percent: OFFLINE_PERCENT, seed: stage.seed });
  const away = (await stage.fleet.devices()).filter((d) => !d.online).length;
  stage.say(`  ${away} of ${stage.devices} pumps lose their link`);
  const { handle, result } = await deploy(stage, 'demo-rollout', {
    model: `${MODEL}@${version}`,
    actor: 'operations',
    reason: 'first rollout',
  });
  const { rollout } = result;
  const pending = rollout?.pendingDevices ?? 0;
  stage.say(`  rollout ${rollout?.outcome ?? 'missing'}; ${pending} pumps pending; their links come back`);
  await stage.fleet.allOnline();
  const versions = await allAttest(stage, version, 90);
  return {
    handles: [handle],
    ...deployed(result),
    checks: [
      [passed(result.gates), `container test (${result.image.mode}): ${result.gates.length} gates passed`],
      [
        rollout?.outcome === 'completed',
        `rollout in ${rollout?.rings.length ?? 0} rings: ${rollout?.outcome ?? 'none'}`,
      ],
      [pending === away, `${pending} pumps were pending while ${away} were away`],
      [
        versions[version] === stage.devices,
        `${versions[version] ?? 0} of ${stage.devices} pumps attest ${MODEL}@${version} after the return`,
      ],
    ],
  };
}
