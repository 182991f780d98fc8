import {
  defineSignal,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import type {
  ImageTestResult,
  PackagingActivities,
} from '../../activities/packaging/packaging-activities.ts';
import type { DeployInput, DeployResult, ResolvedDeployInput } from '../../src/contracts/packaging/deploy.ts';
import type { PackagedImage } from '../../src/contracts/packaging/image.ts';
import type { RolloutResult } from '../../src/contracts/rollout/rollout.ts';
import { TASK_QUEUES, workflowIds, WORKFLOWS } from '../../src/contracts/names.ts';
import { ROLLOUT_PROGRESS_SIGNAL } from '../../src/contracts/rollout/messages.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { gateReasons } from '../../src/domain/gates/refuse.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { isUsable } from '../../src/domain/registry/states.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { createSteps } from '../shared/steps.ts';
import type { fleetRollout } from '../rollout/fleet-rollout.ts';
import { gateFailure } from '../shared/refuse-gates.ts';

const control = proxyActivities<Pick<ControlActivities, 'resolveModel' | 'recordImage'>>({
  taskQueue: TASK_QUEUES.control,
  startToCloseTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});
const packaging = proxyActivities<PackagingActivities>({
  taskQueue: TASK_QUEUES.packaging,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30 seconds',
  retry: { maximumInterval: '1 minute', maximumAttempts: 5 },
});

export const rolloutProgressSignal = defineSignal<[string]>(ROLLOUT_PROGRESS_SIGNAL);

const STEPS = ['resolve', 'assemble', 'container-test', 'record', 'rollout'] as const;

const HINT = 'Each failed gate says what was observed and what was allowed.';

/** Versions in use only, and only those whose gates passed; throws GATE_FAILED with the gates. */
function refuseUnfit(model: ModelVersion): void {
  const gates = blockingGates(model.gates);
  if (isUsable(model.state) && gates.length === 0) return;
  const why = gates.length === 0 ? `it is ${model.state}` : gateReasons(gates);
  const message = `${model.name}@${model.version} may not be deployed: ${why}`;
  throw gateFailure({ code: 'GATE_FAILED', message, hint: HINT }, gates);
}

/**
 * Packages a registered version as container images, tests the running image, and rolls it out to
 * the fleet in rings. A rollout that stopped and went back is a result with that outcome, not a
 * failure.
 */
export async function packageAndDeploy(raw: DeployInput = {}): Promise<DeployResult> {
  const steps = createSteps('Package and deploy', STEPS);
  const { workflowId, runId } = workflowInfo();
  setHandler(rolloutProgressSignal, (line) => steps.note('rollout', line), {
    description: 'Sent by the rollout that this deployment started. Example: "opening: ring canary"',
  });
  const input = await resolveInput('packageAndDeploy', raw);
  setSearchAttributes({ pipeline: WORKFLOWS.packageAndDeploy, stage: 'package' });

  const model = await steps.run('resolve', async () => {
    const value = await control.resolveModel(input.model);
    refuseUnfit(value);
    return { value, message: `${value.name}@${value.version}, ${value.gates.length} gates passed` };
  });
  const { name, version, digest } = model;
  setSearchAttributes({ model: name, version });
  steps.headline(`**${name}@${version}**`);

  const image = await steps.run('assemble', () => assemble(input, { name, version }));
  const tested = await steps.run('container-test', () => test(image, { name, version }));
  const packaged = { ...image, mode: tested.mode };
  await steps.run('record', async () => {
    const { actor, reason } = input;
    const why = `container test passed (${tested.mode}) ${reason}`.trim();
    await control.recordImage({ name, version }, packaged, { actor, reason: why });
    return { value: undefined, message: image.digest };
  });
  const rollout = input.packageOnly ? null : await steps.run('rollout', () => rollOut(input, model));
  if (rollout === null) steps.skip('rollout', 'packageOnly: no device is touched');
  return {
    workflowId,
    runId,
    image: packaged,
    rollout,
    model: { name, version, digest },
    gates: steps.gates,
    steps: steps.reports(),
    seconds: steps.seconds(),
  };
}

async function assemble(
  { platforms }: ResolvedDeployInput,
  model: { name: string; version: string },
): Promise<StepOutput<PackagedImage>> {
  const value = await packaging.assembleImage({ model, platforms });
  const names = value.platforms.map((p) => `${p.platform} ${(p.size / 1e6).toFixed(0)} MB`);
  return { value, message: `${value.digest}: ${names.join(', ')}` };
}

async function test(
  image: PackagedImage,
  model: { name: string; version: string },
): Promise<StepOutput<ImageTestResult>> {
  const value = await packaging.testImage({ image, model });
  const why = gateReasons(value.gates);
  if (why !== undefined) {
    const message = `The image did not pass its container test: ${why}`;
    throw gateFailure({ code: 'CONTAINER_TEST_FAILED', message, hint: HINT }, value.gates);
  }
  return { value, gates: value.gates, message: `${value.gates.length} gates passed, run as ${value.mode}` };
}

async function rollOut(
  { devices, rollout, actor, reason }: ResolvedDeployInput,
  { name, version }: ModelVersion,
): Promise<StepOutput<RolloutResult>> {
  setSearchAttributes({ stage: 'rollout' });
  const value = await executeChild<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
    workflowId: workflowIds.rollout(name, version, workflowInfo().runId.slice(0, 8)),
    args: [{ model: `${name}@${version}`, devices, rollout, actor, reason }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${name}@${version} in ${rollout.rings.length} rings`,
  });
  return { value, message: `${value.outcome}: ${value.reason}` };
}
