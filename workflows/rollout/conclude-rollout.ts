import { ParentClosePolicy, proxyActivities, startChild, workflowInfo } from '@temporalio/workflow';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import { ALIASES, TASK_QUEUES, workflowIds, WORKFLOWS } from '../../src/contracts/names.ts';
import type { StragglerWatchInput } from '../../src/contracts/rollout/straggler-watch.ts';
import { leftDevices, type RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';
import { refusalOf } from '../shared/refusal.ts';
import { rootFailure } from '../shared/steps.ts';
import type { RolloutRun } from './rollout-run.ts';
import type { stragglerWatch } from './straggler-watch.ts';

const { findModel, setAlias } = proxyActivities<Pick<ControlActivities, 'findModel' | 'setAlias'>>({
  taskQueue: TASK_QUEUES.control,
  startToCloseTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});

/**
 * After the end of a rollout: production's alias follows what devices run, and a workflow waits for
 * the devices that are away.
 */
export async function concludeRollout(run: RolloutRun): Promise<void> {
  const { state, plan, revertPending } = run.memory;
  const { model, version, previous } = plan;
  if (state === 'completed') {
    await pointChampion(run, version);
    if (leftDevices(run.memory) > 0) await watchStragglers(run.memory, 'deploy');
  }
  if (state === 'reverted') {
    const champion = await findModel(`${model}@${ALIASES.champion}`);
    if (previous !== null && champion?.version === version) await pointChampion(run, previous.version);
    if (revertPending > 0) await watchStragglers(run.memory, 'revert');
  }
}

/** Where the registry refuses, devices keep what they run, and the result says so. */
async function pointChampion(run: RolloutRun, to: string): Promise<void> {
  const { plan, input, reason } = run.memory;
  const by = { actor: input.actor, reason: `rollout ${plan.rolloutId}: ${reason}` };
  try {
    await setAlias({ name: plan.model, alias: ALIASES.champion, version: to }, by);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw rootFailure(error);
    run.update({ reason: `${reason}; the champion stays: ${refusal.message}` });
  }
}

async function watchStragglers({ plan }: RolloutMemory, mode: StragglerWatchInput['mode']): Promise<void> {
  const { rolloutId, model, version } = plan;
  const run = workflowInfo().firstExecutionRunId.slice(0, 8);
  await startChild<typeof stragglerWatch>(WORKFLOWS.stragglerWatch, {
    workflowId: workflowIds.stragglers(model, version, run),
    args: [{ rolloutId, mode, model, version }],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `devices that have not taken ${model}@${version} yet`,
  });
}
