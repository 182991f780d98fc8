import type { RolloutOutcome } from '../../contracts/rollout/rollout.ts';
import type { RolloutState } from '../../contracts/rollout/state.ts';

/**
 * What can happen to a rollout: the first group comes from its own work, the second from people and
 * other rollouts.
 */
export const ROLLOUT_EVENTS = [
  'ring-empty',
  'approval-required',
  'ring-ready',
  'opened',
  'healthy',
  'undecided',
  'failing',
  'promoted',
  'no-more-rings',
  'can-revert',
  'cannot-revert',
  'restored',
  'approve',
  'pause',
  'resume',
  'abort-keep',
  'abort-revert',
  'supersede',
] as const;
export type RolloutEvent = (typeof ROLLOUT_EVENTS)[number];

/**
 * What has to be done when a transition is taken, besides the work of the state that it leads to.
 */
export type RolloutEffect =
  | 'mark-approved'
  | 'mark-skipped'
  | 'mark-held'
  | 'mark-failed'
  | 'mark-reverted'
  | 'next-ring'
  | 'halt-work';

export interface Transition {
  readonly to: RolloutState;
  readonly effects: readonly RolloutEffect[];
}
/**
 * ignored: arrives late and changes nothing. refused: the sender gets an error, because it makes no
 * sense in this state.
 */
export type Cell = Transition | 'ignored' | 'refused';

export const STATE_MEANING: Record<RolloutState, string> = {
  planned: 'the next ring is looked at: empty, needs an approval, or ready',
  'awaiting-approval': 'somebody has to approve the next ring',
  opening: 'the devices of the ring are given the new target',
  soaking: 'the devices of the ring are observed until their evidence decides',
  held: 'time is up without a decision; observed more rarely until it decides, is approved, or the hold ends',
  promoting: 'the decision to go on is written down',
  paused: 'nothing is offered, read or decided until somebody resumes',
  stopping: 'no further device is offered the version; is there something to go back to?',
  reverting: 'devices are given their previous target back; the reachable ones are waited for',
  completed: 'every ring was promoted',
  reverted: 'the devices were given their previous target back',
  stopped: 'a ring failed, and there was no previous configuration to go back to',
  aborted: 'stopped by somebody who wanted the devices to keep what they run',
  superseded: 'a newer rollout of the model took over',
};

export const ROLLOUT_OUTCOME: Partial<Record<RolloutState, RolloutOutcome>> = {
  completed: 'completed',
  reverted: 'reverted',
  stopped: 'stopped',
  aborted: 'aborted',
  superseded: 'superseded',
};

const go = (to: RolloutState, ...effects: RolloutEffect[]): Transition => ({ to, effects });

/** What people and other rollouts may always do while the rollout goes forward. */
const STEERABLE = {
  pause: go('paused', 'halt-work'),
  'abort-keep': go('aborted', 'halt-work'),
  'abort-revert': go('stopping', 'halt-work'),
  supersede: go('superseded', 'halt-work'),
} as const;

/**
 * The rest of a row: every event that the row does not name is refused, except a late `supersede`.
 */
function row(cells: Partial<Record<RolloutEvent, Cell>>): Record<RolloutEvent, Cell> {
  const refused = Object.fromEntries(ROLLOUT_EVENTS.map((event) => [event, 'refused'])) as Record<
    RolloutEvent,
    Cell
  >;
  return { ...refused, supersede: 'ignored', ...cells };
}

/** The whole behaviour of a rollout: state × event → state and effects. */
export const ROLLOUT_TABLE: Record<RolloutState, Record<RolloutEvent, Cell>> = {
  planned: row({
    ...STEERABLE,
    'ring-empty': go('planned', 'mark-skipped', 'next-ring'),
    'approval-required': go('awaiting-approval'),
    'ring-ready': go('opening'),
    'no-more-rings': go('completed'),
  }),
  'awaiting-approval': row({ ...STEERABLE, approve: go('opening', 'mark-approved') }),
  opening: row({ ...STEERABLE, opened: go('soaking'), failing: go('stopping', 'mark-failed') }),
  soaking: row({
    ...STEERABLE,
    healthy: go('promoting'),
    undecided: go('held', 'mark-held'),
    failing: go('stopping', 'mark-failed'),
  }),
  held: row({
    ...STEERABLE,
    healthy: go('promoting'),
    undecided: 'ignored',
    failing: go('stopping', 'mark-failed'),
    approve: go('promoting', 'mark-approved', 'halt-work'),
  }),
  promoting: row({ ...STEERABLE, promoted: go('planned', 'next-ring') }),
  paused: row({ ...STEERABLE, pause: 'refused', resume: go('planned') }),
  stopping: row({
    'can-revert': go('reverting'),
    'cannot-revert': go('stopped'),
    'abort-keep': go('aborted', 'halt-work'),
  }),
  reverting: row({
    restored: go('reverted', 'mark-reverted'),
    'cannot-revert': go('stopped'),
    'abort-keep': go('aborted', 'halt-work'),
  }),
  completed: row({}),
  reverted: row({}),
  stopped: row({}),
  aborted: row({}),
  superseded: row({}),
};

/** The cell of the table for an event in a state. */
export function cellOf(state: RolloutState, event: RolloutEvent): Cell {
  return ROLLOUT_TABLE[state][event];
}

/** True for states that a rollout never leaves. */
export function isFinal(state: RolloutState): boolean {
  return ROLLOUT_OUTCOME[state] !== undefined;
}

/**
 * The message to the sender when a state refuses an event; undefined when it accepts or ignores it.
 */
export function refusal(state: RolloutState, event: RolloutEvent): string | undefined {
  if (cellOf(state, event) !== 'refused') return undefined;
  const possible = ROLLOUT_EVENTS.filter((other) => typeof cellOf(state, other) === 'object');
  const instead = possible.length === 0 ? 'it has ended' : `possible now: ${possible.join(', ')}`;
  return `${event} makes no sense while the rollout is ${state} (${STATE_MEANING[state]}); ${instead}`;
}
