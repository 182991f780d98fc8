import { ROLLOUT_STATES, type RolloutState } from '../../src/contracts/rollout/state.ts';
import { applyEvent, type AppliedEvent } from '../../src/domain/rollout/apply-event.ts';
import type { RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';
import { ROLLOUT_EVENTS, type RolloutEvent } from '../../src/domain/rollout/states.ts';
import { eventOf, memoryIn, NOW, OPENED } from '../support/rollout-memory.ts';

/** What the test looks at of every transition, in one line. */
function summary({ memory, record }: AppliedEvent): string {
  const { state, ring, rings, spentMs, since } = memory;
  const clock = `${(spentMs + (since === null ? 0 : NOW - since)) / 1000} s${since === null ? '' : ' and on'}`;
  const written = record.rings.map(
    ({ position, verdict, approvedBy }) => `${position} ${verdict ?? `approved by ${approvedBy}`}`,
  );
  return [
    state,
    `ring ${ring}: ${rings.map((one) => one.verdict).join(' ')}`,
    clock,
    ...(written.length === 0 ? [] : [`writes ${written.join(', ')}`]),
    ...(record.action === undefined ? [] : [record.action]),
    ...(record.outcome === undefined ? [] : [`ends ${record.outcome}`]),
    ...(record.decision === undefined ? [] : [`decision ${record.decision.seq}`]),
  ].join(' | ');
}

/** There is no ring left when this event happens. */
const beforeEvent = (state: RolloutState, event: RolloutEvent): RolloutMemory => {
  if (event !== 'no-more-rings') return memoryIn(state);
  const rings = memoryIn(state).rings.map((ring) => ({
    ...ring,
    verdict: 'promoted' as const,
    openedAt: OPENED,
  }));
  return memoryIn(state, { ring: 3, rings });
};

interface Row {
  readonly taken: Partial<Record<RolloutEvent, string>>;
  readonly ignored: string;
  readonly refused: string;
}
const ENDED: Row = {
  taken: {},
  ignored: 'supersede',
  refused:
    'ring-empty approval-required ring-ready opened healthy undecided failing promoted no-more-rings can-revert cannot-revert restored approve pause resume abort-keep abort-revert',
};
/** Written down apart from the state table: what every event does in every state. */
const EXPECTED: Record<RolloutState, Row> = {
  planned: {
    taken: {
      'ring-empty': 'planned | ring 2: promoted skipped pending | 0 s | writes 1 skipped',
      'approval-required': 'awaiting-approval | ring 1: promoted pending pending | 5 s',
      'ring-ready': 'opening | ring 1: promoted running pending | 5 s',
      'no-more-rings': 'completed | ring 3: promoted promoted promoted | 5 s | ends completed',
      pause: 'paused | ring 1: promoted pending pending | 5 s',
      'abort-keep':
        'aborted | ring 1: promoted skipped skipped | 5 s | writes 1 skipped, 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted pending pending | 5 s | rollout.aborted',
      supersede:
        'superseded | ring 1: promoted skipped skipped | 5 s | writes 1 skipped, 2 skipped | ends superseded',
    },
    ignored: '',
    refused: 'opened healthy undecided failing promoted can-revert cannot-revert restored approve resume',
  },
  'awaiting-approval': {
    taken: {
      approve:
        'opening | ring 1: promoted running pending | 5 s | writes 1 approved by bob | rollout.approved',
      pause: 'paused | ring 1: promoted pending pending | 5 s',
      'abort-keep':
        'aborted | ring 1: promoted skipped skipped | 5 s | writes 1 skipped, 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted pending pending | 5 s | rollout.aborted',
      supersede:
        'superseded | ring 1: promoted skipped skipped | 5 s | writes 1 skipped, 2 skipped | ends superseded',
    },
    ignored: '',
    refused:
      'ring-empty approval-required ring-ready opened healthy undecided failing promoted no-more-rings can-revert cannot-revert restored resume',
  },
  opening: {
    taken: {
      opened: 'soaking | ring 1: promoted running pending | 5 s and on',
      failing: 'stopping | ring 1: promoted failed pending | 5 s | writes 1 failed | decision 1',
      pause: 'paused | ring 1: promoted running pending | 5 s',
      'abort-keep': 'aborted | ring 1: promoted held skipped | 5 s | writes 1 held, 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted running pending | 5 s | rollout.aborted',
      supersede:
        'superseded | ring 1: promoted held skipped | 5 s | writes 1 held, 2 skipped | ends superseded',
    },
    ignored: '',
    refused:
      'ring-empty approval-required ring-ready healthy undecided promoted no-more-rings can-revert cannot-revert restored approve resume',
  },
  soaking: {
    taken: {
      healthy: 'promoting | ring 1: promoted running pending | 65 s and on | decision 1',
      undecided: 'held | ring 1: promoted held pending | 65 s and on | writes 1 held | decision 1',
      failing: 'stopping | ring 1: promoted failed pending | 65 s | writes 1 failed | decision 1',
      pause: 'paused | ring 1: promoted running pending | 65 s',
      'abort-keep':
        'aborted | ring 1: promoted held skipped | 65 s | writes 1 held, 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted running pending | 65 s | rollout.aborted',
      supersede:
        'superseded | ring 1: promoted held skipped | 65 s | writes 1 held, 2 skipped | ends superseded',
    },
    ignored: '',
    refused:
      'ring-empty approval-required ring-ready opened promoted no-more-rings can-revert cannot-revert restored approve resume',
  },
  held: {
    taken: {
      healthy: 'promoting | ring 1: promoted held pending | 65 s and on | decision 1',
      failing: 'stopping | ring 1: promoted failed pending | 65 s | writes 1 failed | decision 1',
      approve:
        'promoting | ring 1: promoted held pending | 65 s and on | writes 1 approved by bob | rollout.approved | decision 1',
      pause: 'paused | ring 1: promoted held pending | 65 s',
      'abort-keep': 'aborted | ring 1: promoted held skipped | 65 s | writes 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted held pending | 65 s | rollout.aborted',
      supersede: 'superseded | ring 1: promoted held skipped | 65 s | writes 2 skipped | ends superseded',
    },
    ignored: 'undecided',
    refused:
      'ring-empty approval-required ring-ready opened promoted no-more-rings can-revert cannot-revert restored resume',
  },
  promoting: {
    taken: {
      promoted: 'planned | ring 2: promoted promoted pending | 0 s | writes 1 promoted',
      pause: 'paused | ring 1: promoted running pending | 65 s',
      'abort-keep':
        'aborted | ring 1: promoted held skipped | 65 s | writes 1 held, 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted running pending | 65 s | rollout.aborted',
      supersede:
        'superseded | ring 1: promoted held skipped | 65 s | writes 1 held, 2 skipped | ends superseded',
    },
    ignored: '',
    refused:
      'ring-empty approval-required ring-ready opened healthy undecided failing no-more-rings can-revert cannot-revert restored approve resume',
  },
  paused: {
    taken: {
      resume: 'planned | ring 1: promoted running pending | 5 s | rollout.resumed',
      'abort-keep': 'aborted | ring 1: promoted held skipped | 5 s | writes 1 held, 2 skipped | ends aborted',
      'abort-revert': 'stopping | ring 1: promoted running pending | 5 s | rollout.aborted',
      supersede:
        'superseded | ring 1: promoted held skipped | 5 s | writes 1 held, 2 skipped | ends superseded',
    },
    ignored: '',
    refused:
      'ring-empty approval-required ring-ready opened healthy undecided failing promoted no-more-rings can-revert cannot-revert restored approve pause',
  },
  stopping: {
    taken: {
      'can-revert': 'reverting | ring 1: promoted failed pending | 5 s',
      'cannot-revert': 'stopped | ring 1: promoted failed skipped | 5 s | writes 2 skipped | ends stopped',
      'abort-keep': 'aborted | ring 1: promoted failed skipped | 5 s | writes 2 skipped | ends aborted',
    },
    ignored: 'supersede',
    refused:
      'ring-empty approval-required ring-ready opened healthy undecided failing promoted no-more-rings restored approve pause resume abort-revert',
  },
  reverting: {
    taken: {
      'cannot-revert': 'stopped | ring 1: promoted failed skipped | 5 s | writes 2 skipped | ends stopped',
      restored:
        'reverted | ring 1: reverted failed skipped | 5 s | writes 0 reverted, 2 skipped | ends reverted',
      'abort-keep': 'aborted | ring 1: promoted failed skipped | 5 s | writes 2 skipped | ends aborted',
    },
    ignored: 'supersede',
    refused:
      'ring-empty approval-required ring-ready opened healthy undecided failing promoted no-more-rings can-revert approve pause resume abort-revert',
  },
  completed: ENDED,
  reverted: ENDED,
  stopped: ENDED,
  aborted: ENDED,
  superseded: ENDED,
};

describe.each(ROLLOUT_STATES)('%s', (state) => {
  const { taken, ignored, refused } = EXPECTED[state];
  const words = (list: string): string[] => list.split(' ').filter((word) => word !== '');

  test('every event is expected once', () => {
    const expected = [...Object.keys(taken), ...words(ignored), ...words(refused)];
    expect(expected.sort()).toEqual([...ROLLOUT_EVENTS].sort());
  });

  test.each(ROLLOUT_EVENTS)('× %s', (event) => {
    const applied = applyEvent(beforeEvent(state, event), eventOf(event), NOW);
    if (typeof applied === 'string')
      expect(words(applied === 'ignored' ? ignored : refused)).toContain(event);
    else expect(summary(applied)).toBe(taken[event]);
  });
});
