import { ActivityFailure, condition, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import { decideRing } from '../../src/domain/rollout/ring-decision.ts';
import type { RolloutEvent, RolloutState } from '../../src/domain/rollout/states.ts';
import { rootFailure } from '../shared/steps.ts';
import type { Happening, RolloutRun } from './rollout-run.ts';
import { messageOf } from '../../src/base/error-message.ts';

/** The hub may be away for days: calls are repeated until it answers, at most a minute apart. */
const retry = { initialInterval: '1 second', maximumInterval: '1 minute', backoffCoefficient: 2 } as const;
const taskQueue = TASK_QUEUES.fleet;
/** A dead worker is noticed, and a cancellation arrives, within this time. */
const heartbeatTimeout = '10 seconds';

export const store = proxyActivities<Pick<FleetActivities, 'noteRollout'>>({
  taskQueue,
  retry,
  startToCloseTimeout: '1 minute',
  summary: 'write the transition down',
});
const quick = proxyActivities<Pick<FleetActivities, 'takeOver' | 'prepareRevert'>>({
  taskQueue,
  retry,
  heartbeatTimeout,
  startToCloseTimeout: '5 minutes',
});
const observing = proxyActivities<Pick<FleetActivities, 'observeRing' | 'observeRevert'>>({
  taskQueue,
  retry,
  heartbeatTimeout,
  // one look takes a minute; reading thousands of twins at the hub's rate takes longer
  startToCloseTimeout: '1 hour',
  cancellationType: 'TRY_CANCEL',
});
const writing = proxyActivities<Pick<FleetActivities, 'openRing' | 'revertDevices'>>({
  taskQueue,
  retry,
  heartbeatTimeout,
  startToCloseTimeout: '4 hours',
  // nothing else may write targets before this one has stopped
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});

type Work = (run: RolloutRun) => Promise<Happening | undefined>;

const happens = (event: RolloutEvent, reason = ''): Happening => ({ event, reason });
const untilSteered: Work = async () => {
  await condition(() => false);
  return undefined;
};

/**
 * Seconds before the next look at a held ring: 15, 30, … up to ten minutes, and never past the end
 * of the hold.
 */
function holdPause({ memory, seconds }: RolloutRun): number {
  const { ringTimeoutSeconds, holdSeconds } = memory.input.rollout;
  const left = Math.max(1, Math.ceil(ringTimeoutSeconds + holdSeconds - seconds));
  return Math.min(left, 600, 15 * 2 ** Math.min(memory.looks, 6));
}

const planned: Work = async (run) => {
  const { memory, current } = run;
  const { rolloutId } = memory.plan;
  while (!memory.tookOver) {
    const { waitingFor } = await quick.takeOver(rolloutId);
    memory.tookOver = waitingFor.length === 0;
    if (!memory.tookOver) run.report({ reason: `waits until ${waitingFor.join(', ')} has ended` });
  }
  if (current === undefined) return happens('no-more-rings', conclusionOf(run));
  if (current.devices === 0) return happens('ring-empty', 'no device fell into this ring');
  const { approvals } = memory.input.rollout;
  if (approvals.includes(current.name) && memory.approved[current.name] === undefined)
    return happens('approval-required', `ring ${current.name} waits for an approval`);
  return happens('ring-ready', `opening ring ${current.name}`);
};

function conclusionOf({ memory }: RolloutRun): string {
  const good = memory.counts.reduce((sum, counts) => sum + counts.good, 0);
  const approvers = Object.entries(memory.approved).map(([ring, by]) => `${ring} approved by ${by}`);
  const rings = memory.rings.filter((ring) => ring.verdict === 'promoted').map((ring) => ring.name);
  const all = `${good} of ${memory.plan.devices} devices good; promoted: ${rings.join(', ') || 'none'}`;
  return [all, ...approvers].join('; ');
}

const opening: Work = async (run) => {
  const { memory } = run;
  const { rolloutId } = memory.plan;
  const offered = await writing.openRing({ rolloutId, position: memory.ring });
  return happens('opened', `ring ${run.current?.name}: ${offered} devices were given the version`);
};

const observed: Work = async (run) => {
  const { memory } = run;
  const held = memory.state === 'held';
  if (held) {
    await sleep(holdPause(run) * 1000);
    memory.looks += 1;
  }
  const { plan, input, ring } = memory;
  const { counts } = await observing.observeRing({
    rolloutId: plan.rolloutId,
    position: ring,
    held,
    seconds: run.seconds,
  });
  memory.counts[ring] = counts;
  const decision = decideRing(counts, input.rollout, { seconds: run.seconds, last: run.isLastRing });
  const { reachable, running, attested, pending, failed } = counts;
  run.report({ reachable, running, attested, pending, failed, reason: decision.reason });
  const { action, reason } = decision;
  if (action === 'promote') return { event: 'healthy', reason, decision };
  if (action === 'fail') return { event: 'failing', reason, decision };
  if (action === 'hold' && !held) return { event: 'undecided', reason, decision };
  return undefined;
};

const promoting: Work = async (run) => happens('promoted', run.current?.reason);

const stopping: Work = async ({ memory }) => {
  const { possible, reason, unrestorable } = await quick.prepareRevert(memory.plan.rolloutId);
  memory.unrestorable = unrestorable;
  const why = memory.reason;
  return possible
    ? happens('can-revert', `${why}; back: ${reason}`)
    : happens('cannot-revert', `${why}; no way back: ${reason}`);
};

const reverting: Work = async (run) => {
  const { memory } = run;
  const { plan, unrestorable, reason, input } = memory;
  const { rolloutId } = plan;
  memory.revertSince ??= Date.now();
  await writing.revertDevices({ rolloutId, unrestorable, reason });
  const { waiting, pending } = await observing.observeRevert({ rolloutId, once: false });
  memory.revertPending = waiting + pending;
  const late = Date.now() - memory.revertSince >= input.rollout.ringTimeoutSeconds * 1000;
  if (waiting > 0 && !late) return undefined;
  const rest = memory.revertPending === 0 ? '' : `; ${memory.revertPending} devices go back when they return`;
  return happens('restored', `${reason}${rest}`);
};

const WORK: Partial<Record<RolloutState, Work>> = {
  planned,
  'awaiting-approval': untilSteered,
  opening,
  soaking: observed,
  held: observed,
  promoting,
  paused: untilSteered,
  stopping,
  reverting,
};

/**
 * What follows when an activity has failed permanently: forward work stops the ring, a revert ends
 * where it is.
 */
const ON_FAILURE: Partial<Record<RolloutState, RolloutEvent>> = {
  opening: 'failing',
  soaking: 'failing',
  held: 'failing',
  stopping: 'cannot-revert',
  reverting: 'cannot-revert',
};

/** Does the work of the current state; undefined means that the state goes on. */
export async function doWork(run: RolloutRun): Promise<Happening | undefined> {
  const { state } = run.memory;
  try {
    return await WORK[state]?.(run);
  } catch (error) {
    const event = ON_FAILURE[state];
    if (isCancellation(error) || !(error instanceof ActivityFailure) || event === undefined) throw error;
    const cause = rootFailure(error);
    return happens(event, `${state} failed: ${messageOf(cause)}`);
  }
}
