import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowHandle } from '@temporalio/client';
import { decideRing } from '../../src/domain/rollout/ring-decision.ts';
import { countDevices } from '../../src/domain/rollout/ring-counts.ts';
import type { RolloutResult } from '../../src/contracts/rollout/rollout.ts';
import { ROLLOUT_MESSAGES } from '../../src/contracts/rollout/messages.ts';
import type { FleetRolloutInput, RolloutStatus } from '../../src/contracts/rollout/rollout.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { createDevServer } from '../support/dev-server.ts';
import { eventually } from '../support/iot-hub.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';

let env: TestWorkflowEnvironment;
let bench: RolloutBench;
beforeAll(async () => {
  env = await createDevServer();
}, 60_000);
afterAll(async () => {
  await env.teardown();
});
afterEach(async () => {
  await bench.close();
});

const RINGS = [
  { name: 'canary', percent: 20 },
  { name: 'half', percent: 50 },
  { name: 'fleet', percent: 100 },
];
const QUICK = { rings: RINGS, soakSeconds: 1, pollSeconds: 1, ringTimeoutSeconds: 60 };

type Handle = WorkflowHandle<typeof fleetRollout>;
let started = 0;
async function start(input: FleetRolloutInput): Promise<Handle> {
  started += 1;
  return env.client.workflow.start<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `rollout-${started}-${Date.now()}`,
    args: [{ rollout: QUICK, actor: 'ada', reason: 'a test', ...input }],
  });
}
const status = (handle: Handle): Promise<RolloutStatus> =>
  handle.query<RolloutStatus>(ROLLOUT_MESSAGES.status);
const reaches = (handle: Handle, state: string): Promise<RolloutStatus> =>
  eventually(
    () => status(handle).catch((error: unknown) => ({ state: String(error) }) as RolloutStatus),
    (s) => s.state === state,
    25_000,
  );
const steer = (handle: Handle, message: string, argument: object): Promise<RolloutStatus> =>
  handle.executeUpdate<RolloutStatus, [object]>(message, { args: [argument] });

const verdicts = (result: RolloutResult): string[] => result.rings.map((r) => `${r.name} ${r.verdict}`);
const targets = async (): Promise<Record<string, number>> => {
  const read = await bench.fleet.readTargets([...bench.devices.keys()]);
  const counts: Record<string, number> = {};
  for (const target of read.values()) counts[target ?? 'none'] = (counts[target ?? 'none'] ?? 0) + 1;
  return counts;
};
const audit = async (rolloutId: string): Promise<string[]> =>
  (await bench.registry.audit({ subject: `rollout/${rolloutId}` })).map((e) => e.action).reverse();

test('a version reaches the fleet ring by ring; who is away stays pending; everything is on record', async () => {
  const away = new Set(['pump-003', 'pump-007']);
  bench = await openRolloutBench({
    devices: 12,
    tags: (i) => ({ site: i % 2 === 0 ? 'north' : 'south', redundancyGroup: `pair-${i >> 1}` }),
    offline: (id) => away.has(id),
  });
  const model = await bench.version('one');
  await bench.withWorkers(env, async () => {
    const handle = await start({ model: 'pump-health@1' });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'completed', version: '1', previous: null, pendingDevices: 2 });
    expect(verdicts(result)).toEqual(['canary promoted', 'half promoted', 'fleet promoted']);
    expect(result.rings.map((r) => r.devices)).toEqual([3, 3, 6]);
    for (const ring of result.rings) {
      expect(ring.reachable + ring.pending).toBe(ring.devices);
      expect(ring.attested).toBe(ring.reachable);
    }
    expect(await targets()).toEqual({ 'pump-health-1': 12 });
    expect([...bench.devices.values()].filter((d) => d.image !== null)).toHaveLength(10);
    expect((await bench.registry.model('pump-health', 'champion'))?.version).toBe('1');

    // every decision can be taken again from the evidence that was kept with it
    const { policy } = (await bench.store.rollout(result.rolloutId))!;
    const decisions = await bench.store.decisions(result.rolloutId);
    expect(decisions.map((d) => `${d.ring} ${d.action}`)).toEqual([
      'canary promote',
      'half promote',
      'fleet promote',
    ]);
    for (const { devices, counts, seconds, last, action, reason } of decisions) {
      expect(countDevices(devices)).toEqual(counts);
      expect(decideRing(countDevices(devices), policy, { seconds, last })).toMatchObject({ action, reason });
    }
    expect(await audit(result.rolloutId)).toEqual([
      'rollout.planned',
      ...['canary', 'half', 'fleet'].flatMap(() => ['rollout.opening', 'rollout.ring-promote']),
      'rollout.completed',
    ]);

    const assigned = await bench.db.selectFrom('device_assignments').selectAll().execute();
    expect(assigned).toHaveLength(12);
    expect(assigned.filter((a) => a.attested_at !== null)).toHaveLength(10);
    expect(assigned.every((a) => a.until === null && a.version === '1' && a.reason === 'a test')).toBe(true);
    const plan = await bench.db.selectFrom('rollout_devices').selectAll().execute();
    for (const ring of [0, 1]) {
      const groups = plan.filter((d) => d.ring === ring).map((d) => d.redundancy_group);
      expect(new Set(groups).size).toBe(groups.length);
    }
    const lineage = await bench.registry.lineage('pump-health', '1');
    expect(lineage.devices).toHaveLength(12);
    expect(lineage.model.digest).toBe(model.digest);

    const watch = env.client.workflow.getHandle(
      `stragglers-pump-health-1-${(await handle.describe()).runId.slice(0, 8)}`,
    );
    expect((await watch.describe()).status.name).toBe('RUNNING');
    await watch.terminate('the test is over');
  });
}, 90_000);

test('a canary that fails is stopped at once, and all that had been offered goes back', async () => {
  bench = await openRolloutBench({ devices: 10 });
  await bench.version('one');
  await bench.version('two');
  await bench.withWorkers(env, async () => {
    expect((await (await start({ model: 'pump-health@1' })).result()).outcome).toBe('completed');
    bench.behave((_, version) => (version === '2' ? 'crash-loop' : 'well'));
    const result = await (await start({ model: 'pump-health@2' })).result();
    expect(result).toMatchObject({
      outcome: 'reverted',
      previous: { version: '1', configurationId: 'pump-health-1' },
      pendingDevices: 0,
    });
    const [decision] = await bench.store.decisions(result.rolloutId);
    // long before its time was up
    expect(decision).toMatchObject({ ring: 'canary', action: 'fail', last: false });
    expect(verdicts(result)).toEqual(['canary failed', 'half skipped', 'fleet skipped']);
    expect(result.rings[0]).toMatchObject({ devices: 2, failed: 2 });
    expect(result.rings[0]?.reason).toMatch(/2 of 2 failed \(100 %\), tolerated 0/);
    expect(await targets()).toEqual({ 'pump-health-1': 10 });
    const canary = [...bench.devices.values()].filter((d) => d.ran.length === 3);
    expect(canary).toHaveLength(2);
    for (const device of canary) expect(device.ran[2]).toBe(device.ran[0]);
    expect((await bench.registry.model('pump-health', 'champion'))?.version).toBe('1');
    const back = await bench.registry.deviceHistory(canary[0]?.deviceId ?? '');
    expect(back.map((a) => [a.version, a.ring, a.until === null])).toEqual([
      ['1', 'revert', true],
      ['2', 'canary', false],
      ['1', expect.any(String), false],
    ]);
    expect(await audit(result.rolloutId)).toEqual([
      'rollout.planned',
      'rollout.opening',
      'rollout.ring-fail',
      'rollout.stopping',
      'rollout.reverting',
      'rollout.reverted',
    ]);
  });
}, 120_000);

test.each([
  ['golden-mismatch', /golden rows do not match/],
  ['wrong-model', /attests model/],
  ['pull-failure', /deployment not applied/],
] as const)(
  '%s fails the ring; a first version that fails is taken away',
  async (behaviour, why) => {
    bench = await openRolloutBench({ devices: 4 });
    await bench.version('one');
    bench.behave(() => behaviour);
    await bench.withWorkers(env, async () => {
      const result = await (await start({ model: 'pump-health@1' })).result();
      expect(result).toMatchObject({ outcome: 'reverted', previous: null });
      expect(await targets()).toEqual({ none: 4 });
      const failed = (await bench.store.devices(result.rolloutId)).filter((d) => d.verdict === 'failed');
      expect(failed).toHaveLength(1);
      expect(failed[0]?.reason).toMatch(why);
      await eventually(
        () => [...bench.devices.values()].filter((d) => d.image !== null).length,
        (n) => n === 0,
      );
    });
  },
  60_000,
);

test('approvals wait without end, messages that make no sense are refused, pause stops everything', async () => {
  bench = await openRolloutBench({ devices: 4 });
  await bench.version('one');
  const ada = { actor: 'ada', reason: 'looks right' };
  await bench.withWorkers(env, async () => {
    const handle = await start({
      model: 'pump-health@1',
      rollout: {
        ...QUICK,
        rings: [
          { name: 'canary', percent: 25 },
          { name: 'fleet', percent: 100 },
        ],
        approvals: ['canary', 'fleet'],
      },
    });
    await reaches(handle, 'awaiting-approval');
    expect(await targets()).toEqual({ none: 4 });
    const refused = async (message: string, argument: object): Promise<string> =>
      steer(handle, message, argument).then(
        () => 'accepted',
        (error: { cause?: { type?: string; message: string } }) =>
          `${error.cause?.type}: ${error.cause?.message}`,
      );
    expect(await refused('approveRing', { ring: 'fleet', ...ada })).toBe(
      'CONFLICT: ring: the one that waits is "canary", not "fleet"',
    );
    expect(await refused('approveRing', { ring: 'canary', actor: '', reason: '' })).toMatch(
      /^INPUT_INVALID: actor/,
    );
    expect(await refused('resume', ada)).toMatch(
      /^CONFLICT: resume makes no sense while the rollout is awaiting-approval/,
    );
    expect(await refused('abort', { ...ada, mode: 'later' })).toMatch(/^INPUT_INVALID: mode/);
    expect(await refused('pause', ada)).toBe('accepted');
    expect((await status(handle)).state).toBe('paused');
    expect(await refused('approveRing', { ring: 'canary', ...ada })).toMatch(
      /^CONFLICT: approve makes no sense/,
    );
    expect((await steer(handle, 'resume', ada)).state).not.toBe('paused');
    await reaches(handle, 'awaiting-approval');
    expect((await steer(handle, 'approveRing', { ring: 'canary', ...ada })).state).toBe('opening');
    const waiting = await eventually(
      () => status(handle),
      (s) => s.state === 'awaiting-approval' && s.rings[0]?.verdict === 'promoted',
      20_000,
    );
    expect(waiting.reason).toBe('ring fleet waits for an approval');
    expect(await targets()).toEqual({ none: 3, 'pump-health-1': 1 });
    await steer(handle, 'approveRing', { ring: 'fleet', actor: 'grace', reason: 'canary is good' });
    const result = await handle.result();
    expect(result.outcome).toBe('completed');
    expect(result.reason).toContain('canary approved by ada; fleet approved by grace');
    const events = await bench.registry.audit({ subject: `rollout/${result.rolloutId}` });
    expect(
      events
        .filter((e) => e.action === 'rollout.approved')
        .map((e) => [e.actor, e.reason, e.details['ring']]),
    ).toEqual([
      ['grace', 'canary is good', 'fleet'],
      ['ada', 'looks right', 'canary'],
    ]);
  });
}, 90_000);

test('a newer rollout supersedes the one that runs; a way back never leads to its unproven version', async () => {
  bench = await openRolloutBench({ devices: 5 });
  for (const words of ['one', 'two', 'three']) await bench.version(words);
  await bench.withWorkers(env, async () => {
    expect((await (await start({ model: 'pump-health@1' })).result()).outcome).toBe('completed');
    bench.behave((_, version) => (version === '3' ? 'golden-mismatch' : 'well'));
    const second = await start({ model: 'pump-health@2', rollout: { ...QUICK, soakSeconds: 600 } });
    await reaches(second, 'soaking');
    expect(await targets()).toEqual({ 'pump-health-1': 4, 'pump-health-2': 1 });
    const third = await start({ model: 'pump-health@3' });
    expect(await second.result()).toMatchObject({
      outcome: 'superseded',
      reason: expect.stringContaining(third.workflowId),
    });
    const result = await third.result();
    expect(result).toMatchObject({ outcome: 'reverted', previous: { version: '1' } });
    // the canary had version 2 when version 3 came; it went back to version 1, which had been
    // promoted
    expect(await targets()).toEqual({ 'pump-health-1': 5 });
  });
}, 90_000);

test('somebody aborts: keep leaves devices as they are, revert takes them back; a dead rollout is superseded too', async () => {
  bench = await openRolloutBench({ devices: 5 });
  await bench.version('one');
  await bench.version('two');
  await bench.withWorkers(env, async () => {
    const slow = { ...QUICK, soakSeconds: 600 };
    const first = await start({ model: 'pump-health@1', rollout: slow });
    await reaches(first, 'soaking');
    await steer(first, 'abort', { actor: 'ada', reason: 'storm', mode: 'keep' });
    expect(await first.result()).toMatchObject({ outcome: 'aborted', reason: 'aborted by ada: storm' });
    expect(await targets()).toEqual({ none: 4, 'pump-health-1': 1 });

    const killed = await start({ model: 'pump-health@1', rollout: slow });
    await reaches(killed, 'soaking');
    await killed.terminate('power cut');
    const second = await start({ model: 'pump-health@2', rollout: slow });
    await reaches(second, 'soaking');
    expect(await bench.store.rollout(killed.workflowId)).toMatchObject({
      state: 'superseded',
      outcome: 'superseded',
    });
    await steer(second, 'abort', { actor: 'ada', reason: '', mode: 'revert' });
    expect(await second.result()).toMatchObject({
      outcome: 'reverted',
      reason: expect.stringMatching(/^aborted by ada/),
    });
    // neither rollout of version 1 ever promoted a ring: there is no proven version to go back to
    expect(await targets()).toEqual({ none: 5 });
  });
}, 90_000);

test('statements and configuration calls grow with rings, never with devices; each device costs a fixed number of twin calls', async () => {
  const cost = async (
    devices: number,
  ): Promise<{ statements: number; calls: Record<string, number>; events: number }> => {
    bench = await openRolloutBench({ devices });
    await bench.version('one');
    const before = { statements: bench.statements(), calls: bench.fleet.calls() };
    const measured = await bench.withWorkers(env, async () => {
      const handle = await start({ model: 'pump-health@1', rollout: { ...QUICK, soakSeconds: 2 } });
      expect((await handle.result()).outcome).toBe('completed');
      const after = bench.fleet.calls();
      const calls = Object.fromEntries(
        Object.entries(after).map(([k, n]) => [k, n - (before.calls[k] ?? 0)]),
      );
      const events = (await handle.fetchHistory()).events?.length ?? 0;
      return { statements: bench.statements() - before.statements, calls, events };
    });
    return measured;
  };
  const small = await cost(6);
  await bench.close();
  const large = await cost(36);
  console.log(`cost of a rollout to 6 devices ${JSON.stringify(small)}, to 36 ${JSON.stringify(large)}`);
  expect(large.statements).toBeLessThanOrEqual(small.statements * 1.25 + 10);
  expect(large.events).toBeLessThanOrEqual(small.events * 1.25);
  expect(large.calls['configuration']).toBe(small.calls['configuration']);
  expect(large.calls['twin-update']).toBe(36);
  // its target once; agent and scorer before the offer, and at most six looks (updating, soaking,
  // confirmation)
  expect(large.calls['twin-read']).toBeLessThanOrEqual(36 * (1 + 2 * (1 + 6)));
}, 120_000);
