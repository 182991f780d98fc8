import { once } from 'node:events';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ROLLOUT_MESSAGES } from '../../src/contracts/rollout/messages.ts';
import type { FleetRolloutInput, RolloutStatus } from '../../src/contracts/rollout/rollout.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { createDevServer } from '../support/dev-server.ts';
import { eventually } from '../support/iot-hub.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';
import { startRolloutWorker } from '../support/rollout-worker.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('rollout-endurance');
let env: TestWorkflowEnvironment;
let bench: RolloutBench;
beforeAll(async () => {
  // a history that is long after 60 events, so that a short rollout has to continue as new
  env = await createDevServer(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60']);
}, 60_000);
afterAll(async () => {
  await env.teardown();
  folder.remove();
});
afterEach(async () => {
  await bench.close();
});

const QUICK = {
  rings: [
    { name: 'canary', percent: 25 },
    { name: 'half', percent: 50 },
    { name: 'fleet', percent: 100 },
  ],
  soakSeconds: 1,
  pollSeconds: 1,
  ringTimeoutSeconds: 60,
};
type Handle = WorkflowHandleWithFirstExecutionRunId<typeof fleetRollout>;
const start = (workflowId: string, input: FleetRolloutInput): Promise<Handle> =>
  env.client.workflow.start<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
    taskQueue: TASK_QUEUES.control,
    workflowId,
    args: [{ rollout: QUICK, actor: 'ada', ...input }],
  });
const reaches = (handle: Handle, holds: (s: RolloutStatus) => boolean, ms = 30_000): Promise<RolloutStatus> =>
  eventually(
    () =>
      handle
        .query<RolloutStatus>(ROLLOUT_MESSAGES.status)
        .catch((e: unknown) => ({ state: String(e) }) as RolloutStatus),
    holds,
    ms,
  );

test('a long rollout continues as new and loses nothing', async () => {
  bench = await openRolloutBench({ devices: 8 });
  await bench.version('one');
  await bench.withWorkers(env, async () => {
    const handle = await start('long', { model: 'pump-health@1' });
    const result = await handle.result();
    expect(result.outcome).toBe('completed');
    expect(result.rings.map((r) => [r.name, r.attested, r.verdict])).toEqual([
      ['canary', 2, 'promoted'],
      ['half', 2, 'promoted'],
      ['fleet', 4, 'promoted'],
    ]);
    const last = await env.client.workflow.getHandle('long').describe();
    expect(last.runId).not.toBe(handle.firstExecutionRunId);
    expect(last.historyLength).toBeLessThan(100);
    const decisions = await bench.store.decisions('long');
    expect(decisions.map((d) => [d.seq, d.ring, d.action])).toEqual([
      [0, 'canary', 'promote'],
      [1, 'half', 'promote'],
      [2, 'fleet', 'promote'],
    ]);
  });
}, 60_000);

test('a hub that goes away in the middle delays the rollout and fails no device', async () => {
  bench = await openRolloutBench({ devices: 8 });
  await bench.version('one');
  await bench.withWorkers(env, async () => {
    const handle = await start('outage', { model: 'pump-health@1', rollout: { ...QUICK, soakSeconds: 3 } });
    await eventually(
      async () =>
        (await bench.fleet.readEvidence([...bench.devices.keys()])).filter((e) => e.attestation).length,
      (attesting) => attesting === 2,
      20_000,
    );
    bench.hub.hub.setFaults({ rules: [{ operation: 'twin-read', fault: 'error', status: 503 }] });
    const calls = bench.fleet.calls()['twin-read'] ?? 0;
    await eventually(
      () => bench.fleet.calls()['twin-read'] ?? 0,
      (n) => n >= calls + 4,
      20_000,
    );
    bench.hub.hub.setFaults({ rules: [] });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'completed', pendingDevices: 0 });
    expect(result.rings.every((r) => r.failed === 0)).toBe(true);
  });
}, 90_000);

test('a ring without a decision is held; then an approval promotes it, or the end of the hold takes it back', async () => {
  bench = await openRolloutBench({ devices: 4 });
  await bench.version('one');
  bench.behave(() => 'never');
  const rollout = { ...QUICK, ringTimeoutSeconds: 2, holdSeconds: 600 };
  await bench.withWorkers(env, async () => {
    const approved = await start('held-approved', { model: 'pump-health@1', rollout });
    const held = await reaches(approved, (s) => s.state === 'held');
    expect(held.rings[0]).toMatchObject({ verdict: 'held', reachable: 1, running: 0 });
    expect(held.reason).toMatch(/^no decision within 2 s: 0 of 1 good/);
    const by = { ring: 'canary', actor: 'grace', reason: 'seen on site' };
    await approved.executeUpdate(ROLLOUT_MESSAGES.approve, { args: [by] });
    const next = await reaches(approved, (s) => s.rings[0]?.verdict === 'promoted');
    expect(next.rings[0]?.reason).toMatch(/^approved by grace: seen on site; no decision within 2 s/);
    expect(await bench.store.decisions('held-approved')).toMatchObject([
      { action: 'hold' },
      { action: 'promote', reason: next.rings[0]?.reason },
    ]);
    const ring = (await bench.store.rollout('held-approved'))?.rings[0];
    expect(ring).toMatchObject({ verdict: 'promoted', approvedBy: 'grace' });
    await approved.executeUpdate(ROLLOUT_MESSAGES.abort, {
      args: [{ actor: 'grace', reason: '', mode: 'revert' }],
    });
    expect((await approved.result()).outcome).toBe('reverted');

    const ended = await start('held-ended', {
      model: 'pump-health@1',
      rollout: { ...rollout, holdSeconds: 2 },
    });
    const result = await ended.result();
    expect(result).toMatchObject({ outcome: 'reverted' });
    expect(result.reason).toMatch(/no decision within 2 s and 2 s of hold/);
    const decisions = await bench.store.decisions('held-ended');
    expect(decisions.map((d) => d.action)).toEqual(['hold', 'fail']);
  });
}, 90_000);

test('kill -9 of the worker in the middle of a ring: it goes on, and nothing is done twice', async () => {
  bench = await openRolloutBench({ devices: 8 });
  await bench.version('one');
  const first = await startRolloutWorker(bench, env, folder.path);
  // However long a busy machine takes to start the second worker, the ring must not run out of
  // time; and long enough a soak to be seen.
  const rollout = { ...QUICK, soakSeconds: 6, ringTimeoutSeconds: 600 };
  const handle = await start('killed', { model: 'pump-health@1', rollout });
  try {
    await reaches(handle, (s) => s.state === 'soaking' && s.rings[1]?.verdict === 'running', 40_000);
  } finally {
    // Killed in any case: a worker that stays would take tasks of the next attempt, and do them in
    // this one's database.
    first.kill('SIGKILL');
    await once(first, 'exit');
  }
  const second = await startRolloutWorker(bench, env, folder.path);
  try {
    expect(await handle.result()).toMatchObject({ outcome: 'completed', pendingDevices: 0 });
    const assigned = await bench.db.selectFrom('device_assignments').selectAll().execute();
    expect(assigned).toHaveLength(8);
    expect([...bench.devices.values()].every((d) => d.ran.length === 1)).toBe(true);
    expect((await bench.store.decisions('killed')).map((d) => `${d.ring} ${d.action}`)).toEqual([
      'canary promote',
      'half promote',
      'fleet promote',
    ]);
    const actions = (await bench.registry.audit({ subject: 'rollout/killed' })).map((e) => e.action);
    expect(new Set(actions.filter((a) => a !== 'rollout.opening' && a !== 'rollout.ring-promote')).size).toBe(
      actions.length - 6,
    );
  } finally {
    second.kill('SIGTERM');
    await once(second, 'exit');
  }
}, 180_000);
