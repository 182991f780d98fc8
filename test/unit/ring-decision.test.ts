import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import { type RingVerdict } from '../../src/contracts/rollout/rollout.ts';
import {
  decideRing,
  isLastRing,
  judgeable,
  type DecisionPolicy,
  type RingAction,
} from '../../src/domain/rollout/ring-decision.ts';
import {
  countDevices,
  noCounts,
  type CountedDevice,
  type RingCounts,
} from '../../src/domain/rollout/ring-counts.ts';
import fc from '../support/properties.ts';

const POLICY = rolloutPolicySchema.parse({ ringTimeoutSeconds: 600, holdSeconds: 3600 });

function counts(change: Partial<RingCounts>): RingCounts {
  const all = { ...noCounts(change.devices ?? 6), ...change };
  return { ...all, pending: all.devices - all.reachable };
}
const decide = (
  change: Partial<RingCounts>,
  seconds = 5,
  extra: { last?: boolean; policy?: DecisionPolicy } = {},
): { action: RingAction; reason: string } =>
  decideRing(counts(change), extra.policy ?? POLICY, { seconds, last: extra.last ?? false });

test('a canary of six with two crash-looping devices fails at once', () => {
  const decision = decide({ devices: 6, reachable: 6, failed: 2, good: 0 }, 1);
  expect(decision).toMatchObject({ action: 'fail', reason: '2 of 6 failed (33.3 %), tolerated 0 (10 %)' });
});

test('a share below the failure threshold is tolerated', () => {
  expect(decide({ devices: 100, reachable: 100, failed: 10, good: 20 }).action).toBe('wait');
  expect(decide({ devices: 100, reachable: 100, failed: 11, good: 20 }).action).toBe('fail');
  expect(decide({ devices: 100, reachable: 100, failed: 5, good: 95 }).action).toBe('promote');
  expect(decide({ devices: 100, reachable: 100, failed: 6, good: 94 }).action).toBe('wait');
});

test('the offline are not in the denominator, but coverage has a floor', () => {
  expect(decide({ devices: 10, reachable: 9, good: 9 }).action).toBe('promote');
  expect(decide({ devices: 10, reachable: 5, good: 5 }).action).toBe('promote');
  expect(decide({ devices: 10, reachable: 4, good: 4 })).toMatchObject({
    action: 'wait',
    reason: '4 of 10 could be judged (40 %), floor 50 %',
  });
});

test('devices that left early count neither for nor against', () => {
  expect(decide({ devices: 10, reachable: 10, lost: 2, good: 8 }).action).toBe('promote');
  expect(decide({ devices: 10, reachable: 10, lost: 6, good: 4 }).action).toBe('wait');
});

test('a ring smaller than minDevices needs all of its reachable devices, and at least one', () => {
  expect(decide({ devices: 1, reachable: 1, good: 1 }).action).toBe('promote');
  expect(decide({ devices: 1, reachable: 0 }).action).toBe('wait');
  const policy = { ...POLICY, minDevices: 4, successThreshold: 0.5 };
  expect(decide({ devices: 3, reachable: 3, good: 2 }, 5, { policy }).action).toBe('wait');
  expect(decide({ devices: 3, reachable: 3, good: 3 }, 5, { policy }).action).toBe('promote');
  expect(decide({ devices: 5, reachable: 3, good: 3 }, 5, { policy }).action).toBe('wait');
});

test('no decision by the timeout holds, and after the hold fails', () => {
  const quiet = { devices: 6, reachable: 1, good: 1 };
  expect(decide(quiet, 599).action).toBe('wait');
  expect(decide(quiet, 600).action).toBe('hold');
  expect(decide(quiet, 4199).action).toBe('hold');
  expect(decide(quiet, 4200)).toMatchObject({
    action: 'fail',
    reason: expect.stringContaining('no decision within 600 s and 3600 s of hold'),
  });
});

test('the last ring is promoted at its timeout although few are in contact: stragglers have their own gate', () => {
  const thin = { devices: 10, reachable: 3, good: 3 };
  expect(decide(thin, 599, { last: true }).action).toBe('wait');
  const decision = decideRing(counts(thin), POLICY, { seconds: 600, last: true });
  expect(decision.action).toBe('promote');
  expect(decision.gates.find((g) => g.name === 'ring-coverage')).toMatchObject({
    status: 'warn',
    observed: 0.3,
    threshold: 0.5,
  });
  expect(decide({ devices: 10, reachable: 0 }, 600, { last: true }).action).toBe('promote');
  expect(decide({ devices: 10, reachable: 3, good: 2 }, 600, { last: true }).action).toBe('hold');
  expect(decide({ devices: 10, reachable: 3, good: 2, failed: 1 }, 600, { last: true }).action).toBe('fail');
});

test('thresholds do not suffer from binary fractions', () => {
  const policy = { ...POLICY, successThreshold: 0.07, failureThreshold: 0.29 };
  expect(decide({ devices: 100, reachable: 100, good: 7 }, 5, { policy }).action).toBe('promote');
  expect(decide({ devices: 100, reachable: 100, failed: 29 }, 5, { policy }).action).toBe('wait');
});

const ringArb = fc
  .record({
    good: fc.nat({ max: 40 }),
    failed: fc.nat({ max: 10 }),
    lost: fc.nat({ max: 10 }),
    undecided: fc.nat({ max: 40 }),
    pending: fc.nat({ max: 40 }),
  })
  .filter((r) => r.good + r.failed + r.lost + r.undecided + r.pending > 0)
  .map(({ good, failed, lost, undecided, pending }): RingCounts => {
    const reachable = good + failed + lost + undecided;
    return {
      devices: reachable + pending,
      reachable,
      running: good,
      attested: good,
      good,
      failed,
      lost,
      pending,
    };
  });
const policyArb = fc.record({
  successThreshold: fc.double({ min: 0.01, max: 1, noNaN: true }),
  failureThreshold: fc.double({ min: 0, max: 1, noNaN: true }),
  minDevices: fc.integer({ min: 1, max: 20 }),
  minCoverage: fc.double({ min: 0, max: 1, noNaN: true }),
  ringTimeoutSeconds: fc.constant(600),
  holdSeconds: fc.constant(3600),
});
const timeArb = fc.record({ seconds: fc.constantFrom(0, 599, 600, 4199, 4200), last: fc.boolean() });

test('more failed devices never turn a failure into anything else, nor anything into a promotion', () => {
  fc.assert(
    fc.property(ringArb, policyArb, timeArb, (ring, policy, time) => {
      const undecided = judgeable(ring) - ring.good - ring.failed;
      fc.pre(undecided > 0);
      const before = decideRing(ring, policy, time).action;
      const after = decideRing({ ...ring, failed: ring.failed + 1 }, policy, time).action;
      if (before === 'fail') expect(after).toBe('fail');
      if (before !== 'promote') expect(after).not.toBe('promote');
    }),
  );
});

test('more good devices never turn a promotion back nor cause a failure', () => {
  fc.assert(
    fc.property(ringArb, policyArb, timeArb, (ring, policy, time) => {
      fc.pre(judgeable(ring) - ring.good - ring.failed > 0);
      const before = decideRing(ring, policy, time).action;
      const after = decideRing({ ...ring, good: ring.good + 1 }, policy, time).action;
      if (before === 'promote') expect(after).toBe('promote');
      if (before !== 'fail') expect(after).not.toBe('fail');
    }),
  );
});

test('time alone goes from wait to hold to fail, and promotes only a last ring that lacks contact', () => {
  const rank: Record<RingAction, number> = { wait: 0, hold: 1, fail: 2, promote: 3 };
  fc.assert(
    fc.property(ringArb, policyArb, fc.boolean(), (ring, policy, last) => {
      const actions = [0, 600, 4200].map((seconds) => decideRing(ring, policy, { seconds, last }).action);
      expect(actions.map((a) => rank[a])).toEqual([...actions.map((a) => rank[a])].sort((a, b) => a - b));
      if (!last && actions[0] === 'wait') expect(actions).toEqual(['wait', 'hold', 'fail']);
    }),
  );
});

test('a promotion never rests on no device, nor on more failures than tolerated', () => {
  fc.assert(
    fc.property(ringArb, policyArb, timeArb, (ring, policy, time) => {
      const { action, gates } = decideRing(ring, policy, time);
      if (action !== 'promote') return;
      if (!time.last || time.seconds < policy.ringTimeoutSeconds) expect(ring.good).toBeGreaterThan(0);
      expect(ring.failed).toBeLessThanOrEqual(policy.failureThreshold * judgeable(ring) + 1e-9);
      expect(gates.every((g) => g.status === 'pass' || g.status === 'warn')).toBe(true);
    }),
  );
});

test('counting: attested ⊆ running ⊆ reachable, and everybody is counted once', () => {
  const deviceArb = fc.record({
    verdict: fc.constantFrom('waiting', 'updating', 'soaking', 'good', 'failed', 'lost'),
    reachable: fc.boolean(),
    running: fc.boolean(),
    attested: fc.boolean(),
  }) as fc.Arbitrary<CountedDevice>;
  fc.assert(
    fc.property(fc.array(deviceArb), (devices) => {
      const c = countDevices(devices);
      expect(c.attested).toBeLessThanOrEqual(c.running);
      expect(c.running).toBeLessThanOrEqual(c.reachable);
      expect(c.reachable + c.pending).toBe(devices.length);
    }),
  );
});

test('a ring is the last when none follows that has devices and one before it was promoted', () => {
  const ring = (devices: number, verdict: RingVerdict) => ({ counts: noCounts(devices), verdict });
  const fleet = [ring(2, 'promoted'), ring(5, 'running'), ring(0, 'pending')];
  expect([0, 1].map((position) => isLastRing(fleet, position))).toEqual([false, true]);
  expect(isLastRing([ring(7, 'running')], 0)).toBe(false);
  expect(isLastRing([ring(0, 'skipped'), ring(7, 'running')], 1)).toBe(false);
});
