import {
  assignRings,
  offerOrder,
  stratumOf,
  type RingDevice,
} from '../../src/domain/rollout/assign-rings.ts';
import { seededHash } from '../../src/base/seeded-hash.ts';
import { planRollout } from '../../src/domain/rollout/rollout-plan.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import fc from '../support/properties.ts';

const RINGS = [
  { name: 'canary', percent: 10 },
  { name: 'quarter', percent: 25 },
  { name: 'fleet', percent: 100 },
];

const deviceArb = fc.record({
  site: fc.constantFrom('north', 'south', 'west'),
  platform: fc.constantFrom('linux/amd64', 'linux/arm64'),
  link: fc.constantFrom('lan', 'satellite'),
  group: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  away: fc.boolean(),
});
const fleetArb = fc.array(deviceArb, { maxLength: 80 }).map((list) =>
  list.map(({ group, ...tags }, i): RingDevice => ({
    deviceId: `pump-${i}`,
    ...tags,
    ...(group === undefined ? {} : { redundancyGroup: `pair-${group}` }),
  })),
);
const ringsArb = fc
  .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 })
  .map((list) => [...list.sort((a, b) => a - b), 100].map((percent, i) => ({ name: `ring-${i}`, percent })));
const seedArb = fc.integer({ min: 0, max: 1000 });

test('rings partition the fleet: every device is in exactly one', () => {
  fc.assert(
    fc.property(fleetArb, ringsArb, seedArb, (fleet, rings, seed) => {
      const assigned = assignRings(fleet, rings, seed);
      expect(assigned.map((d) => d.deviceId).sort()).toEqual(fleet.map((d) => d.deviceId).sort());
      expect(assigned.every((d) => d.ring >= 0 && d.ring < rings.length)).toBe(true);
    }),
  );
});

test('no ring before the last holds two members of a redundancy group', () => {
  fc.assert(
    fc.property(fleetArb, ringsArb, seedArb, (fleet, rings, seed) => {
      const early = assignRings(fleet, rings, seed).filter(
        (d) => d.redundancyGroup !== null && d.ring < rings.length - 1,
      );
      const keys = early.map((d) => `${d.ring} ${d.redundancyGroup}`);
      expect(new Set(keys).size).toBe(keys.length);
    }),
  );
});

test('a ring never ends beyond its cumulative share, and without redundancy it ends exactly there', () => {
  fc.assert(
    fc.property(fleetArb, ringsArb, seedArb, (fleet, rings, seed) => {
      const alone = fleet.map(({ redundancyGroup: _, ...device }) => device);
      rings.forEach(({ percent }, ring) => {
        // percents are whole here
        const end = Math.ceil((Math.round(percent) * fleet.length) / 100) || 0;
        const upTo = (list: readonly RingDevice[]) =>
          assignRings(list, rings, seed).filter((d) => d.ring <= ring).length;
        expect(upTo(fleet)).toBeLessThanOrEqual(end);
        expect(upTo(alone)).toBe(end);
      });
    }),
  );
});

test('an early ring takes a device that is away only when everybody in contact has a ring or a spent budget', () => {
  fc.assert(
    fc.property(fleetArb, ringsArb, seedArb, (fleet, rings, seed) => {
      const assigned = new Map(assignRings(fleet, rings, seed).map((d) => [d.deviceId, d]));
      const ringOf = (d: RingDevice): number => assigned.get(d.deviceId)?.ring ?? -1;
      for (let ring = 0; ring < rings.length - 1; ring += 1) {
        if (!fleet.some((d) => d.away === true && ringOf(d) === ring)) continue;
        const groups = new Set(fleet.filter((d) => ringOf(d) === ring).map((d) => d.redundancyGroup));
        const passedOver = fleet.filter((d) => d.away !== true && ringOf(d) > ring);
        expect(
          passedOver.every((d) => d.redundancyGroup !== undefined && groups.has(d.redundancyGroup)),
        ).toBe(true);
      }
    }),
  );
});

test('every prefix of the order holds each stratum to within one device of its share', () => {
  fc.assert(
    fc.property(fleetArb, seedArb, (fleet, seed) => {
      const order = offerOrder(fleet, seed);
      const sizes = new Map([...Map.groupBy(fleet, stratumOf)].map(([s, list]) => [s, list.length]));
      for (const [stratum, size] of sizes) {
        const places = order.flatMap((d, i) => (stratumOf(d) === stratum ? [i] : []));
        places.forEach((place, k) => {
          // the k-th of n stands at (k + u) / n of the whole; other strata shift it by at most one
          // place each
          expect(Math.abs(place / fleet.length - k / size)).toBeLessThanOrEqual(
            1 / size + sizes.size / fleet.length,
          );
        });
      }
    }),
  );
});

test('adding devices never changes the order of two others of one stratum, nor does the order of the input', () => {
  fc.assert(
    fc.property(fleetArb, seedArb, fc.integer({ min: 0, max: 80 }), (fleet, seed, keep) => {
      const part = fleet.slice(0, keep);
      const known = new Set(part.map((d) => d.deviceId));
      const order = (list: readonly RingDevice[]): string[] =>
        offerOrder(list, seed)
          .filter((d) => known.has(d.deviceId))
          .map((d) => `${stratumOf(d)} ${d.deviceId}`);
      const grouped = (list: string[]): string[] =>
        [...Map.groupBy(list, (s) => s.split(' ')[0]).values()].map((ids) => ids.join()).sort();
      expect(grouped(order(fleet))).toEqual(grouped(order(part)));
      expect(offerOrder([...fleet].reverse(), seed)).toEqual(offerOrder(fleet, seed));
    }),
  );
});

test('the seeded hash is fixed for ever, uniform, and differs by seed', () => {
  expect(seededHash('pump-1', 7)).toBeCloseTo(0.1258820122169143, 15);
  const values = Array.from({ length: 10_000 }, (_, i) => seededHash(`pump-${i}`, 7));
  const bins = Array.from({ length: 10 }, (_, b) => values.filter((v) => Math.floor(v * 10) === b).length);
  const chiSquare = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeLessThan(27.9); // 9 degrees of freedom, p = 0.001
  const other = Array.from({ length: 10_000 }, (_, i) => seededHash(`pump-${i}`, 8));
  const product = values.reduce((sum, v, i) => sum + (v - 0.5) * ((other[i] ?? 0) - 0.5), 0) / 10_000;
  expect(Math.abs(product * 12)).toBeLessThan(0.04); // correlation of two seeds
});

test('the plan shows sizes with their arithmetic, strata, budget, hub calls and seconds before anything changes', () => {
  const fleet = Array.from({ length: 60 }, (_, i): RingDevice => ({
    deviceId: `pump-${i}`,
    site: i % 3 === 0 ? 'north' : 'south',
    platform: 'linux/amd64',
    link: 'lan',
    redundancyGroup: `pair-${i >> 1}`,
  }));
  const policy = rolloutPolicySchema.parse({
    rings: RINGS,
    soakSeconds: 10,
    pollSeconds: 2,
    approvals: ['fleet'],
  });
  const { plan } = planRollout(fleet, policy, 'S1');
  expect(plan.rings.map((r) => [r.name, r.devices, r.cumulative, r.cumulativePercent])).toEqual([
    ['canary', 6, 6, 10],
    ['quarter', 9, 15, 25],
    ['fleet', 45, 60, 100],
  ]);
  expect(plan.rings[0]?.arithmetic).toBe('ceil(10 % × 60) = 6, less 0 already offered');
  expect(plan.rings[0]?.strata).toEqual({ 'north/linux/amd64/lan': 2, 'south/linux/amd64/lan': 4 });
  expect(plan.rings.map((r) => r.needsApproval)).toEqual([false, false, true]);
  expect([plan.rings[0]?.toleratedFailures, plan.rings[0]?.neededGood]).toEqual([0, 6]);
  expect([plan.rings[2]?.toleratedFailures, plan.rings[2]?.neededGood]).toEqual([4, 43]);
  expect(plan.redundancyGroups).toBe(30);
  // 60 writes at 50/s and 420 reads at 100/s
  expect(plan.hubCalls).toMatchObject({ tier: 'S1', writes: 60, reads: 420, seconds: 6 });
  expect(plan.seconds.least).toBe(3 * (10 + 2) + 6);
});
