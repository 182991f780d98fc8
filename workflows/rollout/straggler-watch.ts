import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import type { PipelineProgress } from '../../src/contracts/progress.ts';
import type {
  StragglerWatchInput,
  StragglerWatchResult,
} from '../../src/contracts/rollout/straggler-watch.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { progressQuery } from '../shared/steps.ts';

const { checkStragglers, observeRevert } = proxyActivities<
  Pick<FleetActivities, 'checkStragglers' | 'observeRevert'>
>({
  taskQueue: TASK_QUEUES.fleet,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { maximumInterval: '1 minute' },
  summary: 'look at the devices that were away',
});

const FIRST_SECONDS = 15;
const LONGEST_SECONDS = 6 * 3600;

interface Seen {
  readonly left: number;
  readonly busy: number;
  readonly good: number;
  readonly failed: number;
  readonly againAfter: number;
}

interface Watch {
  looks: number;
  good: number;
  failed: number;
  left: number;
  waitSeconds: number;
}

/**
 * Waits for the devices that a finished rollout could not reach, for weeks if need be: the wait
 * between looks doubles up to six hours and starts again when one returns. A device that fails its
 * gate goes back alone. Ends when none is left, or newer rollouts have taken them all over.
 */
export async function stragglerWatch(
  input: StragglerWatchInput,
  carried?: Watch,
): Promise<StragglerWatchResult> {
  const { rolloutId, mode, model, version } = input;
  const first = input.firstSeconds ?? FIRST_SECONDS;
  const longest = input.longestSeconds ?? LONGEST_SECONDS;
  const watch: Watch = carried ?? { looks: 0, good: 0, failed: 0, left: -1, waitSeconds: first };
  const text = (): string =>
    `${watch.left < 0 ? 'not looked yet' : `${watch.left} devices left`}; ${watch.good} returned and are good, ${watch.failed} failed; looked ${watch.looks} times`;
  setHandler(
    progressQuery,
    (): PipelineProgress => ({
      stage: watch.left === 0 ? 'done' : 'waiting',
      steps: [{ name: mode, status: watch.left === 0 ? 'done' : 'running', seconds: null, message: text() }],
      gates: [],
    }),
    { description: 'How many devices are left. Takes no argument.' },
  );
  setSearchAttributes({ model, version, pipeline: 'stragglerWatch', stage: mode });

  while (watch.left !== 0) {
    if (workflowInfo().continueAsNewSuggested) return continueAsNew<typeof stragglerWatch>(input, watch);
    await sleep(watch.waitSeconds * 1000);
    const seen = mode === 'deploy' ? await checkStragglers(rolloutId) : await lookBack(rolloutId, first);
    watch.looks += 1;
    watch.good += seen.good;
    watch.failed += seen.failed;
    watch.left = seen.left;
    const returned = seen.good + seen.failed > 0;
    if (seen.busy > 0) watch.waitSeconds = Math.min(Math.max(1, seen.againAfter), longest);
    else watch.waitSeconds = returned ? first : Math.min(longest, watch.waitSeconds * 2);
    setCurrentDetails(`### Devices that were away: ${model}@${version}\n\n${text()}`);
  }
  return { rolloutId, looks: watch.looks, left: watch.left, good: watch.good, failed: watch.failed };
}

/** A look at devices that still have to go back. */
async function lookBack(rolloutId: string, againAfter: number): Promise<Seen> {
  const { waiting, pending, restored } = await observeRevert({ rolloutId, once: true });
  return { left: waiting + pending, busy: waiting, good: restored, failed: 0, againAfter };
}
