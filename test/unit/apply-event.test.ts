import {
  applyEvent,
  type AppliedEvent,
  type RolloutEventRecord,
} from '../../src/domain/rollout/apply-event.ts';
import type { RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';
import { AT, COUNTS, DECIDED, DECISION, eventOf, memoryIn, NOW, OPENED } from '../support/rollout-memory.ts';

function apply(memory: RolloutMemory, event: RolloutEventRecord): AppliedEvent {
  const applied = applyEvent(memory, event, NOW);
  if (typeof applied === 'string') throw new Error(`${event.event} was ${applied}`);
  return applied;
}

test('the record says who, why and for which ring; what nobody sent is the doing of who started it', () => {
  const { memory, record } = apply(memoryIn('soaking'), { event: 'pause', actor: 'bob', reason: 'storm' });
  expect(record).toMatchObject({
    rolloutId: 'rollout-1',
    actor: 'bob',
    reason: 'storm',
    details: { ring: 'half' },
  });
  expect(memory.reason).toBe('storm');
  const { record: own } = apply(memoryIn('opening'), { event: 'opened', reason: '' });
  expect(own).toMatchObject({ actor: 'ada', reason: '' });
  expect(apply(memoryIn('opening'), { event: 'opened', reason: '' }).memory.reason).toBe('before');
});

test('a decision is kept with its number, its ring, its counts and its time', () => {
  const { memory, record } = apply(memoryIn('soaking'), eventOf('healthy'));
  expect(record.decision).toEqual({
    ...DECISION,
    seq: 1,
    position: 1,
    counts: COUNTS,
    seconds: 65,
    last: false,
  });
  expect(memory.decisions).toBe(2);
});

test('who approves a held ring overrides the rule: a decision with the gates of that time', () => {
  const { memory, record } = apply(memoryIn('held'), {
    event: 'approve',
    actor: 'bob',
    reason: 'looks right',
  });
  const reason = 'approved by bob: looks right; as seen';
  expect(record.decision).toMatchObject({ action: 'promote', reason, seq: 1, position: 1, counts: COUNTS });
  expect(record.decision?.gates.find((gate) => gate.name === 'ring-failures')?.status).toBe('fail');
  expect(record.reason).toBe('looks right');
  expect(memory.rings[1]?.reason).toBe(reason);
  expect(memory.approved).toEqual({ half: 'bob' });
});

test('an opened ring keeps the time of its first opening, a decided one that of its decision', () => {
  const first = apply(memoryIn('planned'), eventOf('ring-ready')).memory;
  expect(first.rings[1]).toMatchObject({ verdict: 'running', openedAt: AT });
  const resumed = apply(memoryIn('paused'), eventOf('resume')).memory;
  expect(apply(resumed, eventOf('ring-ready')).memory.rings[1]?.openedAt).toBe(OPENED);
  const { memory } = apply(memoryIn('reverting'), eventOf('restored'));
  expect(memory.rings.map((ring) => ring.decidedAt)).toEqual([DECIDED, undefined, AT]);
  expect(memory.finishedAt).toBe(AT);
});

test('at the end rings that were never opened are skipped, and one without a verdict is held', () => {
  const { memory, record } = apply(memoryIn('soaking'), {
    event: 'supersede',
    actor: 'rollout-2',
    reason: 'newer',
  });
  expect(memory.rings.map((ring) => ring.reason)).toEqual([
    '2 of 2 good',
    'as seen',
    'the rollout was superseded before',
  ]);
  expect(record).toMatchObject({ outcome: 'superseded', conclusion: 'newer' });
  expect(record.rings[0]).toEqual({ position: 1, verdict: 'held', reason: 'as seen', counts: COUNTS });
});

test('a ring that is reverted keeps why it had been promoted', () => {
  const { record } = apply(memoryIn('reverting'), eventOf('restored'));
  expect(record.rings[0]).toMatchObject({ position: 0, verdict: 'reverted', reason: '2 of 2 good' });
});
