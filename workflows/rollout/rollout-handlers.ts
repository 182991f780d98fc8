import {
  ApplicationFailure,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import type { RolloutStatus } from '../../src/contracts/rollout/rollout.ts';
import type {
  AbortRollout,
  ApproveRing,
  SteerRollout,
  SupersedeRollout,
} from '../../src/contracts/rollout/steering.ts';
import type { PipelineProgress } from '../../src/contracts/progress.ts';
import { ROLLOUT_MESSAGES, SUPERSEDE_SIGNAL } from '../../src/contracts/rollout/messages.ts';
import type { RolloutEventRecord } from '../../src/domain/rollout/apply-event.ts';
import { currentRing, rolloutStatus } from '../../src/domain/rollout/rollout-memory.ts';
import { progressQuery } from '../shared/steps.ts';
import type { Inbox } from './inbox.ts';
import type { RolloutRun } from './rollout-run.ts';
import { rolloutProgress } from './rollout-view.ts';

export const pauseUpdate = defineUpdate<RolloutStatus, [SteerRollout]>(ROLLOUT_MESSAGES.pause);
export const resumeUpdate = defineUpdate<RolloutStatus, [SteerRollout]>(ROLLOUT_MESSAGES.resume);
export const approveUpdate = defineUpdate<RolloutStatus, [ApproveRing]>(ROLLOUT_MESSAGES.approve);
export const abortUpdate = defineUpdate<RolloutStatus, [AbortRollout]>(ROLLOUT_MESSAGES.abort);
export const supersedeSignal = defineSignal<[SupersedeRollout]>(SUPERSEDE_SIGNAL);
export const statusQuery = defineQuery<RolloutStatus>(ROLLOUT_MESSAGES.status);

const PLANNING: PipelineProgress = { stage: 'planning', steps: [], gates: [] };
const EXAMPLE = '{"actor": "ada", "reason": "vibration at site north"}';

function refuse(problem: string, type = 'CONFLICT'): never {
  throw ApplicationFailure.nonRetryable(problem, type);
}

/** Messages come from outside: their fields are looked at before anything else. */
function checkSteering(message: Partial<SteerRollout> | undefined): void {
  if (typeof message?.actor !== 'string' || message.actor.trim() === '')
    refuse(`actor: expected who does this. Example: ${EXAMPLE}`, 'INPUT_INVALID');
  if (typeof message.reason !== 'string')
    refuse(`reason: expected why. Example: ${EXAMPLE}`, 'INPUT_INVALID');
}

function checkApproval(run: RolloutRun, { ring }: ApproveRing): void {
  const why = run.refusalOf('approve');
  if (why !== undefined) refuse(why);
  const waiting = currentRing(run.memory)?.name ?? '';
  if (ring !== waiting) refuse(`ring: the one that waits is "${waiting}", not "${ring}"`);
}

/** Registers every query, signal and update of a rollout; call it before the first await. */
export function registerHandlers(run: RolloutRun, inbox: Inbox): void {
  const steer = async (event: RolloutEventRecord): Promise<RolloutStatus> => {
    if ((await inbox.ask(event)) === 'refused') refuse(run.refusalOf(event.event) ?? 'It came too late.');
    return rolloutStatus(run.memory);
  };
  setHandler(statusQuery, () => rolloutStatus(run.memory), {
    description: 'State, rings with their counts and verdicts, pending devices. Takes no argument.',
  });
  setHandler(progressQuery, () => (run.isPlanned ? rolloutProgress(run.memory, Date.now()) : PLANNING), {
    description: 'The rings as steps, and the current state. Takes no argument.',
  });
  setHandler(
    supersedeSignal,
    ({ by }) => inbox.post({ event: 'supersede', actor: by, reason: `superseded by ${by}` }),
    {
      description: 'Sent by a newer rollout of the same model. Example: {"by": "rollout-pump-health-4-1a2b"}',
    },
  );
  for (const [update, event] of [
    [pauseUpdate, 'pause'],
    [resumeUpdate, 'resume'],
  ] as const)
    setHandler(update, ({ actor, reason }) => steer({ event, actor, reason }), {
      validator: (message) => {
        checkSteering(message);
        const why = run.refusalOf(event);
        if (why !== undefined) refuse(why);
      },
      description: `Example: ${EXAMPLE}`,
    });
  setHandler(
    approveUpdate,
    ({ actor, reason }) => steer({ event: 'approve', actor, reason: reason || `approved by ${actor}` }),
    {
      validator: (message) => {
        checkSteering(message);
        checkApproval(run, message);
      },
      description:
        'Opens the ring that waits for an approval, or promotes the ring that is held. ' +
        'Example: {"ring": "fleet", "actor": "ada", "reason": "canary looks right"}',
    },
  );
  setHandler(
    abortUpdate,
    ({ actor, reason, mode }) =>
      steer({
        event: mode === 'revert' ? 'abort-revert' : 'abort-keep',
        actor,
        reason: `aborted by ${actor}${reason === '' ? '' : `: ${reason}`}`,
      }),
    {
      validator: (message) => {
        checkSteering(message);
        const { mode } = message as { mode?: unknown };
        if (mode !== 'keep' && mode !== 'revert')
          refuse('mode: expected "keep" or "revert"', 'INPUT_INVALID');
        const why = run.refusalOf(mode === 'revert' ? 'abort-revert' : 'abort-keep');
        if (why !== undefined) refuse(why);
      },
      description:
        'Ends the rollout; keep: devices stay on what they run, revert: they go back. ' +
        'Example: {"mode": "revert", "actor": "ada", "reason": "wrong units"}',
    },
  );
}
