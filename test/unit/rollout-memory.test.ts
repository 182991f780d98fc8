import {
  leftDevices,
  pendingDevices,
  ringTime,
  rolloutResult,
  rolloutStatus,
} from '../../src/domain/rollout/rollout-memory.ts';
import { memoryIn, NOW, OPENED } from '../support/rollout-memory.ts';

test('a status shows the counts of each ring flat, and nothing else of the memory', () => {
  const status = rolloutStatus(memoryIn('soaking'));
  expect(status).toMatchObject({ state: 'soaking', outcome: null, version: '2', reason: 'before' });
  expect(JSON.parse(JSON.stringify(status.rings[1]))).toEqual({
    name: 'half',
    devices: 4,
    reachable: 3,
    running: 3,
    attested: 2,
    pending: 1,
    failed: 1,
    verdict: 'running',
    reason: 'as seen',
    openedAt: OPENED,
  });
});

test('a result is the part of the status that is left when the rollout has ended', () => {
  const memory = memoryIn('aborted');
  const { state: _, startedAt: __, finishedAt: ___, ...rest } = rolloutStatus(memory);
  expect(rolloutResult(memory)).toEqual({ ...rest, outcome: 'aborted' });
});

test('devices of rings that were never opened are neither pending nor left', () => {
  // two of the canary were never read, one of the second ring is away
  expect(pendingDevices(memoryIn('completed'))).toBe(3);
  expect(leftDevices(memoryIn('completed'))).toBe(4);
  expect(pendingDevices(memoryIn('reverted', { revertPending: 7 }))).toBe(7);
});

test('the time of a ring leaves pauses out', () => {
  expect(ringTime(memoryIn('soaking'), NOW)).toEqual({ seconds: 65, last: false });
  expect(ringTime(memoryIn('paused'), NOW).seconds).toBe(5);
});
