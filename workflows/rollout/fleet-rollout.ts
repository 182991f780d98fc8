import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import type { FleetRolloutInput, RolloutResult } from '../../src/contracts/rollout/rollout.ts';
import type { RolloutEventRecord } from '../../src/domain/rollout/apply-event.ts';
import { newMemory, rolloutResult, type RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';
import { isFinal } from '../../src/domain/rollout/states.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { rootFailure } from '../shared/steps.ts';
import { concludeRollout } from './conclude-rollout.ts';
import { Inbox } from './inbox.ts';
import { registerHandlers } from './rollout-handlers.ts';
import { RolloutRun } from './rollout-run.ts';
import { doWork, store } from './rollout-work.ts';

const { planRollout } = proxyActivities<Pick<FleetActivities, 'planRollout'>>({
  taskQueue: TASK_QUEUES.fleet,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { maximumInterval: '1 minute' },
  summary: 'list devices, assign rings, write the plan',
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
  const run = new RolloutRun(store.recordTransition, carried);
  const inbox = new Inbox(() => run.state);
  registerHandlers(run, inbox);
  if (carried === undefined) run.begin(await planned(raw));

  try {
    while (!isFinal(run.state)) {
      if (workflowInfo().continueAsNewSuggested && inbox.isEmpty) {
        await condition(allHandlersFinished);
        if (inbox.isEmpty) return await continueAsNew<typeof fleetRollout>(raw, run.memory);
      }
      const event = inbox.next() ?? (await workUntilEvent(run, inbox));
      if (event === undefined) continue;
      await run.take(event);
      inbox.taken(event);
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => endCancelled(run));
    throw rootFailure(error);
  }
  inbox.next(); // answers what came too late, so that no handler waits for ever
  await concludeRollout(run);
  await condition(allHandlersFinished);
  return rolloutResult(run.memory);
}

async function planned(raw: FleetRolloutInput): Promise<RolloutMemory> {
  const input = await resolveInput('fleetRollout', raw);
  const plan = await planRollout(input).catch((error: unknown) => {
    throw rootFailure(error);
  });
  const memory = newMemory(input, plan);
  const { model, version } = plan;
  setSearchAttributes({ model, version, pipeline: 'fleetRollout', stage: memory.state });
  return memory;
}

/**
 * Does the work of the state until it is done or an event comes from outside; then the work is
 * cancelled and waited for.
 */
async function workUntilEvent(run: RolloutRun, inbox: Inbox): Promise<RolloutEventRecord | undefined> {
  const scope = new CancellationScope();
  const work = scope.run(() => doWork(run));
  const arrival = scope.run(() => condition(() => !inbox.isEmpty)).then(() => 'arrived' as const);
  try {
    const first = await Promise.race([work, arrival]);
    if (first !== 'arrived') return first;
  } finally {
    scope.cancel();
    await Promise.allSettled([work, arrival]);
  }
  return inbox.next();
}

/**
 * Somebody cancelled the workflow in Temporal: devices keep what they run, and that is written
 * down.
 */
async function endCancelled(run: RolloutRun): Promise<void> {
  if (!run.isPlanned || isFinal(run.state)) return;
  await run.take({
    event: 'abort-keep',
    actor: 'temporal',
    reason: 'the workflow was cancelled; devices keep what they run',
  });
}
