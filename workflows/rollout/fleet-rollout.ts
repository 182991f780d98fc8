import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import type { RolloutOutcome, RolloutResult } from '../../src/contracts/rollout/rollout.ts';
import { ALIASES, TASK_QUEUES, workflowIds, WORKFLOWS } from '../../src/contracts/names.ts';
import type { FleetRolloutInput } from '../../src/contracts/rollout/rollout.ts';
import type { StragglerWatchInput } from '../../src/contracts/rollout/straggler-watch.ts';
import { isFinal, ROLLOUT_OUTCOME } from '../../src/domain/rollout/states.ts';
import { refusalOf } from '../shared/refusal.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { rootFailure } from '../shared/steps.ts';
import { registerHandlers } from './rollout-handlers.ts';
import { leftDevices, newMemory, statusOf, type RolloutMemory } from './rollout-memory.ts';
import { RolloutRun, type Happening } from './rollout-run.ts';
import { doWork, store } from './rollout-work.ts';
import type { stragglerWatch } from './straggler-watch.ts';

const { planRollout } = proxyActivities<Pick<FleetActivities, 'planRollout'>>({
  taskQueue: TASK_QUEUES.fleet,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { maximumInterval: '1 minute' },
  summary: 'list devices, assign rings, write the plan',
});
const { findModel, setAlias } = proxyActivities<Pick<ControlActivities, 'findModel' | 'setAlias'>>({
  taskQueue: TASK_QUEUES.control,
  startToCloseTimeout: '1 minute',
  retry: { maximumInterval: '1 minute' },
});

/**
 * Brings a packaged version to a fleet ring by ring: each ring is opened, observed and judged by
 * its evidence; a ring that fails goes back with all before it. The state table of
 * `src/domain/rollout` says what may follow what. `carried` is for the workflow itself, when it
 * continues as new.
 */
export async function fleetRollout(
  raw: FleetRolloutInput = {},
  carried?: RolloutMemory,
): Promise<RolloutResult> {
  const run = new RolloutRun(store.noteRollout, carried);
  registerHandlers(run);
  if (carried === undefined) {
    const input = await resolveInput('fleetRollout', raw);
    run.begin(newMemory(input, await planRollout(input).catch(throwRoot)));
  } else run.publish();

  try {
    while (!isFinal(run.memory.state)) {
      if (workflowInfo().continueAsNewSuggested && !run.hasLetter) {
        await condition(allHandlersFinished);
        if (!run.hasLetter) return await continueAsNew<typeof fleetRollout>(raw, run.memory);
      }
      const happening = run.nextLetter() ?? (await workOrLetter(run));
      if (happening !== undefined) await run.take(happening);
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => cancelled(run));
    throw rootFailure(error);
  }
  run.nextLetter(); // answers what came too late, so that no handler waits for ever
  await conclude(run);
  await condition(allHandlersFinished);
  return resultOf(run.memory);
}

function throwRoot(error: unknown): never {
  throw rootFailure(error);
}

/**
 * Does the work of the state until it is done or a message comes; then the work is cancelled and
 * waited for.
 */
async function workOrLetter(run: RolloutRun): Promise<Happening | undefined> {
  const scope = new CancellationScope();
  const work = scope.run(() => doWork(run));
  const letter = scope.run(() => condition(() => run.hasLetter)).then(() => 'letter' as const);
  try {
    const first = await Promise.race([work, letter]);
    if (first !== 'letter') return first;
  } finally {
    scope.cancel();
    await Promise.allSettled([work, letter]);
  }
  return run.nextLetter();
}

/**
 * Somebody cancelled the workflow in Temporal: devices keep what they run, and that is written
 * down.
 */
async function cancelled(run: RolloutRun): Promise<void> {
  if (!run.isPlanned || isFinal(run.memory.state)) return;
  await run.take({
    event: 'abort-keep',
    actor: 'temporal',
    reason: 'the workflow was cancelled; devices keep what they run',
  });
}

/**
 * After the end: production's alias follows what devices run, and somebody waits for those that are
 * away.
 */
async function conclude(run: RolloutRun): Promise<void> {
  const { memory } = run;
  const { model, version, previous, rolloutId } = memory.plan;
  const { actor } = memory.input;
  const point = async (to: string): Promise<void> => {
    const by = { actor, reason: `rollout ${rolloutId}: ${memory.reason}` };
    await setAlias({ name: model, alias: ALIASES.champion, version: to }, by).catch((error: unknown) => {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw rootFailure(error);
      // Devices keep what they run, and the result says so.
      memory.reason = `${memory.reason}; the champion stays: ${refusal.message}`;
    });
  };
  if (memory.state === 'completed') {
    await point(version);
    if (leftDevices(memory) > 0) await watchStragglers(memory, 'deploy');
  }
  if (memory.state === 'reverted') {
    const champion = await findModel(`${model}@${ALIASES.champion}`);
    if (previous !== null && champion?.version === version) await point(previous.version);
    if (memory.revertPending > 0) await watchStragglers(memory, 'revert');
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

function resultOf(memory: RolloutMemory): RolloutResult {
  const { rolloutId, model, version, previous, rings, pendingDevices: pending, reason } = statusOf(memory);
  const outcome: RolloutOutcome = ROLLOUT_OUTCOME[memory.state] ?? 'aborted';
  return { rolloutId, outcome, model, version, previous, rings, reason, pendingDevices: pending };
}
