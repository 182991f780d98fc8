import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROLLOUT_STATES, type RolloutState } from '../../src/contracts/rollout/state.ts';
import {
  cellOf,
  isFinal,
  refusal,
  ROLLOUT_EVENTS,
  type RolloutEvent,
} from '../../src/domain/rollout/states.ts';
import { renderStatesPage } from '../../src/domain/rollout/states-diagram.ts';

/**
 * Written down apart from the table: every transition that is allowed, with its effects. All else
 * is refused or ignored.
 */
const TRANSITIONS: ReadonlyArray<readonly [RolloutState, RolloutEvent, RolloutState, string]> = [
  ['planned', 'ring-empty', 'planned', 'mark-skipped next-ring'],
  ['planned', 'approval-required', 'awaiting-approval', ''],
  ['planned', 'ring-ready', 'opening', ''],
  ['planned', 'no-more-rings', 'completed', ''],
  ['awaiting-approval', 'approve', 'opening', 'mark-approved'],
  ['opening', 'opened', 'soaking', ''],
  ['opening', 'failing', 'stopping', 'mark-failed'],
  ['soaking', 'healthy', 'promoting', ''],
  ['soaking', 'undecided', 'held', 'mark-held'],
  ['soaking', 'failing', 'stopping', 'mark-failed'],
  ['held', 'healthy', 'promoting', ''],
  ['held', 'failing', 'stopping', 'mark-failed'],
  ['held', 'approve', 'promoting', 'mark-approved halt-work'],
  ['promoting', 'promoted', 'planned', 'next-ring'],
  ['paused', 'resume', 'planned', ''],
  ['stopping', 'can-revert', 'reverting', ''],
  ['stopping', 'cannot-revert', 'stopped', ''],
  ['stopping', 'abort-keep', 'aborted', 'halt-work'],
  ['reverting', 'restored', 'reverted', 'mark-reverted'],
  ['reverting', 'cannot-revert', 'stopped', ''],
  ['reverting', 'abort-keep', 'aborted', 'halt-work'],
  ...(['planned', 'awaiting-approval', 'opening', 'soaking', 'held', 'promoting', 'paused'] as const).flatMap(
    (state) =>
      [
        ...(state === 'paused' ? [] : [[state, 'pause', 'paused', 'halt-work'] as const]),
        [state, 'abort-keep', 'aborted', 'halt-work'] as const,
        [state, 'abort-revert', 'stopping', 'halt-work'] as const,
        [state, 'supersede', 'superseded', 'halt-work'] as const,
      ] as const,
  ),
];
const IGNORED: ReadonlyArray<readonly [RolloutState, RolloutEvent]> = [
  ['held', 'undecided'],
  ...(['stopping', 'reverting', 'completed', 'reverted', 'stopped', 'aborted', 'superseded'] as const).map(
    (state) => [state, 'supersede'] as const,
  ),
];

const cells = ROLLOUT_STATES.flatMap((state) => ROLLOUT_EVENTS.map((event) => [state, event] as const));

test.each(cells)('%s × %s', (state, event) => {
  const cell = cellOf(state, event);
  const expected = TRANSITIONS.find(([from, on]) => from === state && on === event);
  if (expected !== undefined) {
    expect(cell).toEqual({ to: expected[2], effects: expected[3].split(' ').filter((e) => e !== '') });
    expect(refusal(state, event)).toBeUndefined();
  } else if (IGNORED.some(([from, on]) => from === state && on === event)) {
    expect(cell).toBe('ignored');
    expect(refusal(state, event)).toBeUndefined();
  } else {
    expect(cell).toBe('refused');
    expect(refusal(state, event)).toContain(`${event} makes no sense while the rollout is ${state}`);
  }
});

function reachableFrom(start: RolloutState): Set<RolloutState> {
  const seen = new Set<RolloutState>();
  const visit = (state: RolloutState): void => {
    for (const event of ROLLOUT_EVENTS) {
      const cell = cellOf(state, event);
      if (typeof cell === 'string' || seen.has(cell.to)) continue;
      seen.add(cell.to);
      visit(cell.to);
    }
  };
  visit(start);
  return seen;
}

test('every state can be reached, and from every state that is not final an end can be', () => {
  expect([...reachableFrom('planned'), 'planned'].sort()).toEqual(
    expect.arrayContaining([...ROLLOUT_STATES].sort()),
  );
  for (const state of ROLLOUT_STATES) {
    const after = reachableFrom(state);
    if (isFinal(state)) expect(after.size).toBe(0);
    else expect([...after].some(isFinal)).toBe(true);
  }
});

test('once a rollout is stopping, nothing offers the version again', () => {
  for (const state of ['stopping', 'reverting'] as const) {
    expect([...reachableFrom(state)]).not.toEqual(expect.arrayContaining(['opening']));
    expect([...reachableFrom(state)]).not.toEqual(expect.arrayContaining(['completed']));
  }
});

test('only observation leads to promotion: no ring is promoted without having been opened', () => {
  const into = ROLLOUT_STATES.filter((state) =>
    ROLLOUT_EVENTS.some((event) => {
      const cell = cellOf(state, event);
      return typeof cell === 'object' && cell.to === 'promoting';
    }),
  );
  expect(into).toEqual(['soaking', 'held']);
});

test('docs/rollout-states.md is what the table renders to', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/rollout-states.md'), 'utf8');
  expect(page).toBe(renderStatesPage());
});
