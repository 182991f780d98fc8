import { ActivityFailure, condition, isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import type { RolloutState } from '../../src/contracts/rollout/state.ts';
import type { RolloutEventRecord } from '../../src/domain/rollout/apply-event.ts';
import { decideRing } from '../../src/domain/rollout/ring-decision.ts';
import { currentRing, ringTime } from '../../src/domain/rollout/rollout-memory.ts';
import type { RolloutEvent } from '../../src/domain/rollout/states.ts';
import { rootFailure } from '../shared/steps.ts';
import type { RolloutRun } from './rollout-run.ts';

/** The hub may be away for days: calls are repeated until it answers, at most a minute apart. */
const retry = { initialInterval: '1 second', maximumInterval: '1 minute', backoffCoefficient: 2 } as const;
const taskQueue = TASK_QUEUES.fleet;
/** A dead worker is noticed, and a cancellation arrives, within this time. */
const heartbeatTimeout = '10 seconds';

export const store = proxyActivities<Pick<FleetActivities, 'recordTransition'>>({
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

type Work = (run: RolloutRun) => Promise<RolloutEventRecord | undefined>;

const untilSteered: Work = async () => {
  await condition(() => false);
  return undefined;
};

/**
 * Seconds before the next look at a held ring: 15, 30, … up to ten minutes, and never past the end
 * of the hold.
 */
function holdPause({ memory }: RolloutRun): number {
  const { ringTimeoutSeconds, holdSeconds } = memory.input.rollout;
  const { seconds } = ringTime(memory, Date.now());
  const left = Math.max(1, Math.ceil(ringTimeoutSeconds + holdSeconds - seconds));
  return Math.min(left, 600, 15 * 2 ** Math.min(memory.looks, 6));
}

const planned: Work = async (run) => {
  while (!run.memory.tookOver) {
    const { waitingFor } = await quick.takeOver(run.memory.plan.rolloutId);
    if (waitingFor.length === 0) run.update({ tookOver: true });
    else run.updateRing({ reason: `waits until ${waitingFor.join(', ')} has ended` });
  }
  const { memory } = run;
  const current = currentRing(memory);
  if (current === undefined) return { event: 'no-more-rings', reason: conclusionOf(run) };
  if (current.counts.devices === 0) return { event: 'ring-empty', reason: 'no device fell into this ring' };
  const { approvals } = memory.input.rollout;
  if (approvals.includes(current.name) && memory.approved[current.name] === undefined)
    return { event: 'approval-required', reason: `ring ${current.name} waits for an approval` };
  return { event: 'ring-ready', reason: `opening ring ${current.name}` };
};

function conclusionOf({ memory }: RolloutRun): string {
  const good = memory.rings.reduce((sum, { counts }) => sum + counts.good, 0);
  const approvers = Object.entries(memory.approved).map(([ring, by]) => `${ring} approved by ${by}`);
  const rings = memory.rings.filter((ring) => ring.verdict === 'promoted').map((ring) => ring.name);
  const all = `${good} of ${memory.plan.devices} devices good; promoted: ${rings.join(', ') || 'none'}`;
  return [all, ...approvers].join('; ');
}

const opening: Work = async ({ memory }) => {
  const { rolloutId } = memory.plan;
  const offered = await writing.openRing({ rolloutId, position: memory.ring });
  const reason = `ring ${currentRing(memory)?.name}: ${offered} devices were given the version`;
  return { event: 'opened', reason };
};

const observed: Work = async (run) => {
  const held = run.state === 'held';
  if (held) {
    await sleep(holdPause(run) * 1000);
    run.update({ looks: run.memory.looks + 1 });
  }
  const { memory } = run;
  const { plan, input, ring: position } = memory;
  const { seconds } = ringTime(memory, Date.now());
  const { counts } = await observing.observeRing({ rolloutId: plan.rolloutId, position, held, seconds });
  const decision = decideRing(counts, input.rollout, ringTime(memory, Date.now()));
  const { action, reason } = decision;
  run.updateRing({ counts, reason });
  if (action === 'promote') return { event: 'healthy', reason, decision };
  if (action === 'fail') return { event: 'failing', reason, decision };
  if (action === 'hold' && !held) return { event: 'undecided', reason, decision };
  return undefined;
};

const promoting: Work = async ({ memory }) => ({
  event: 'promoted',
  reason: currentRing(memory)?.reason ?? '',
});

const stopping: Work = async (run) => {
  const { plan, reason: why } = run.memory;
  const { possible, reason, unrestorable } = await quick.prepareRevert(plan.rolloutId);
  run.update({ unrestorable });
  return possible
    ? { event: 'can-revert', reason: `${why}; back: ${reason}` }
    : { event: 'cannot-revert', reason: `${why}; no way back: ${reason}` };
};

const reverting: Work = async (run) => {
  const { plan, unrestorable, reason, input, revertSince: since } = run.memory;
  const { rolloutId } = plan;
  const revertSince = since ?? Date.now();
  run.update({ revertSince });
  await writing.revertDevices({ rolloutId, unrestorable, reason });
  const { waiting, pending } = await observing.observeRevert({ rolloutId, once: false });
  const revertPending = waiting + pending;
  run.update({ revertPending });
  const late = Date.now() - revertSince >= input.rollout.ringTimeoutSeconds * 1000;
  if (waiting > 0 && !late) return undefined;
  const rest = revertPending === 0 ? '' : `; ${revertPending} devices go back when they return`;
  return { event: 'restored', reason: `${reason}${rest}` };
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
export async function doWork(run: RolloutRun): Promise<RolloutEventRecord | undefined> {
  const { state } = run.memory;
  try {
    return await WORK[state]?.(run);
  } catch (error) {
    const event = ON_FAILURE[state];
    if (isCancellation(error) || !(error instanceof ActivityFailure) || event === undefined) throw error;
    const cause = rootFailure(error);
    return { event: event, reason: `${state} failed: ${messageOf(cause)}` };
  }
}
