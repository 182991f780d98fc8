import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { StragglerWatchResult } from '../../src/contracts/rollout/straggler-watch.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';
import { missingPart } from '../support/outside-parts.ts';
import { testUnless } from '../support/unless.ts';

const timeTest = testUnless(await missingPart('temporal-test-server'));
let env: TestWorkflowEnvironment;
let bench: RolloutBench;
beforeAll(async () => {
  env = await createTimeSkippingEnvironment();
}, 60_000);
afterAll(async () => {
  await env.teardown();
});
afterEach(async () => {
  await bench.close();
});

const POLICY = {
  rings: [
    { name: 'canary', percent: 50 },
    { name: 'fleet', percent: 100 },
  ],
  soakSeconds: 1,
  pollSeconds: 1,
  ringTimeoutSeconds: 5,
  minDevices: 1,
  minCoverage: 0,
};

timeTest(
  'devices that are away for three weeks are judged by their own gate when they return; a newer version takes the rest',
  async () => {
    const away = ['pump-001', 'pump-003', 'pump-005'];
    bench = await openRolloutBench({ devices: 6, offline: (id) => away.includes(id) });
    await bench.version('one');
    await bench.version('two');
    const rollOut = (version: string) =>
      env.client.workflow.start<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
        taskQueue: TASK_QUEUES.control,
        workflowId: `rollout-${version}`,
        args: [{ model: `pump-health@${version}`, rollout: POLICY, actor: 'ada' }],
      });
    const verdicts = async (): Promise<Record<string, string>> =>
      Object.fromEntries((await bench.store.devices('rollout-1')).map((d) => [d.deviceId, d.verdict]));

    await bench.withWorkers(env, async () => {
      const handle = await rollOut('1');
      expect(await handle.result()).toMatchObject({ outcome: 'completed', pendingDevices: 3 });
      const watch = env.client.workflow.getHandle<() => Promise<StragglerWatchResult>>(
        `stragglers-pump-health-1-${handle.firstExecutionRunId.slice(0, 8)}`,
      );
      await env.sleep('21 days');
      expect((await watch.describe()).status.name).toBe('RUNNING');
      const waits = ((await watch.fetchHistory()).events ?? []).flatMap((e) =>
        e.timerStartedEventAttributes
          ? [Number(e.timerStartedEventAttributes.startToFireTimeout?.seconds)]
          : [],
      );
      expect(waits.slice(0, 4)).toEqual([15, 30, 60, 120]);
      expect(Math.max(...waits)).toBe(6 * 3600);
      expect(waits.length).toBeLessThan(110);

      bench.behave((deviceId) => (deviceId === 'pump-003' ? 'golden-mismatch' : 'well'));
      await bench.devices.get('pump-001')?.connect();
      await bench.devices.get('pump-003')?.connect();
      for (let day = 0; day < 3 && (await verdicts())['pump-001'] !== 'good'; day += 1)
        await env.sleep('12 hours');
      expect(await verdicts()).toMatchObject({
        'pump-001': 'good',
        'pump-003': 'failed',
        'pump-005': 'waiting',
      });
      const targets = await bench.fleet.readTargets(away);
      expect(Object.fromEntries(targets)).toEqual({
        'pump-001': 'pump-health-1',
        'pump-003': null,
        'pump-005': 'pump-health-1',
      });
      const [event] = (await bench.registry.audit({ subject: 'rollout/rollout-1' })).filter(
        (e) => e.action === 'rollout.stragglers' && (e.details['failed'] as string[]).length > 0,
      );
      expect(event?.details['failed']).toEqual(['pump-003']);

      bench.behave(() => 'well');
      expect(await (await rollOut('2')).result()).toMatchObject({ outcome: 'completed', pendingDevices: 1 });
      expect(await watch.result()).toMatchObject({ left: 0, good: 1, failed: 1 });
      // the device that was never seen gets the current version in one step, not the one that it
      // missed
      await bench.devices.get('pump-005')?.connect();
      expect(bench.devices.get('pump-005')?.ran).toHaveLength(1);
      expect(await bench.fleet.readTargets(['pump-005'])).toEqual(new Map([['pump-005', 'pump-health-2']]));
    });
  },
  120_000,
);
