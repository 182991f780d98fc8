import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { createDevServer } from '../support/dev-server.ts';
import { eventually } from '../support/iot-hub.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = join(import.meta.dirname, '../..');
const folder = tempFolder('cli-rollout');
let env: TestWorkflowEnvironment;
let bench: RolloutBench;
beforeAll(async () => {
  env = await createDevServer();
  bench = await openRolloutBench({
    devices: 10,
    tags: (i) => ({ site: i < 5 ? 'north' : 'south', redundancyGroup: `pair-${i >> 1}` }),
  });
  await bench.version('one');
}, 90_000);
afterAll(async () => {
  await bench.close();
  await env.teardown();
  folder.remove();
});

async function windlass(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { connectionString, httpsPort, mqttPort, caFile } = bench.hub.hub;
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    cwd: folder.path,
    env: {
      ...process.env,
      DATABASE_URL: bench.databaseUrl,
      TEMPORAL_ADDRESS: env.address,
      WINDLASS_HUB_CONNECTION_STRING: connectionString,
      WINDLASS_HUB_PORT: String(httpsPort),
      WINDLASS_HUB_MQTT_PORT: String(mqttPort),
      WINDLASS_HUB_CA_FILE: caFile,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode ?? -1, ...said };
}
const json = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Record<string, unknown>;

test('plan shows rings, strata and arithmetic, and changes nothing', async () => {
  const rings = ['--ring', 'canary=20', '--ring', 'fleet=100'];
  const planned = json(
    await windlass('rollout', 'plan', 'pump-health@1', ...rings, '--tier', 'S1', '--json'),
  );
  expect(planned).toMatchObject({
    model: 'pump-health@1',
    devices: 10,
    packaged: true,
    live: null,
    redundancyGroups: 5,
    targets: { 'without a model': 10 },
    configurations: { used: 0, allowed: 100 },
    hubCalls: { tier: 'S1', writes: 10, reads: 70 },
    rings: [
      { name: 'canary', devices: 2, arithmetic: 'ceil(20 % × 10) = 2, less 0 already offered' },
      { name: 'fleet', devices: 8, cumulativePercent: 100 },
    ],
  });
  const text = (await windlass('rollout', 'plan', 'pump-health@1', ...rings)).stdout;
  expect(text).toMatch(/north\/linux\/amd64\/lan +5 +1 +4/);
  expect(await bench.store.rollouts({ limit: 5 })).toEqual([]);
  expect(await bench.fleet.configurations()).toEqual([]);
  const absent = await windlass('rollout', 'plan', 'pump-health@9', '--json');
  expect([absent.code, json(absent)]).toMatchObject([4, { error: { code: 'NOT_FOUND' } }]);
}, 120_000);

test('status, approve, pause, resume and abort, by model name or id', async () => {
  const none = await windlass('rollout', 'status', '--json');
  expect([none.code, json(none)]).toMatchObject([
    4,
    { error: { message: 'There has been no rollout yet.' } },
  ]);
  await bench.withWorkers(env, async () => {
    const handle = await env.client.workflow.start<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
      taskQueue: TASK_QUEUES.control,
      workflowId: 'rollout-cli',
      args: [
        {
          model: 'pump-health@1',
          rollout: {
            rings: [
              { name: 'canary', percent: 20 },
              { name: 'fleet', percent: 100 },
            ],
            soakSeconds: 1,
            pollSeconds: 1,
            approvals: ['fleet'],
          },
        },
      ],
    });
    const state = async (): Promise<unknown> =>
      json(await windlass('rollout', 'status', 'pump-health', '--json'))['state'];
    await eventually(state, (s) => s === 'awaiting-approval', 60_000);
    const shown = (await windlass('rollout', 'status')).stdout;
    expect(shown).toContain('rollout-cli: pump-health@1, awaiting-approval');
    expect(shown).toMatch(/canary +2 +2 +2 +2 +0 +0 +promoted/);
    expect(shown).toContain('windlass rollout approve rollout-cli fleet');

    const by = ['--actor', 'grace', '--reason', 'looks right', '--json'];
    expect(json(await windlass('rollout', 'pause', 'rollout-cli', ...by))).toMatchObject({ state: 'paused' });
    const again = await windlass('rollout', 'pause', 'rollout-cli', ...by);
    expect([again.code, json(again)]).toMatchObject([
      5,
      { error: { code: 'CONFLICT', message: expect.stringContaining('pause makes no sense') } },
    ]);
    expect((await windlass('rollout', 'resume', 'rollout-cli', ...by)).code).toBe(0);
    await eventually(state, (s) => s === 'awaiting-approval', 30_000);
    const unsaid = await windlass('rollout', 'abort', 'rollout-cli', ...by);
    expect([unsaid.code, json(unsaid)]).toMatchObject([
      2,
      { error: { hint: expect.stringContaining('--keep') } },
    ]);
    expect((await windlass('rollout', 'approve', 'pump-health', ...by)).code).toBe(0);
    expect(await handle.result()).toMatchObject({
      outcome: 'completed',
      reason: expect.stringContaining('fleet approved by grace'),
    });
    const ended = await windlass('rollout', 'pause', 'rollout-cli', ...by);
    expect([ended.code, json(ended)]).toMatchObject([5, { error: { code: 'CONFLICT' } }]);
    const final = json(await windlass('rollout', 'status', 'rollout-cli', '--watch', '--json'));
    expect(final).toMatchObject({
      outcome: 'completed',
      decisions: [{ action: 'promote' }, { action: 'promote' }],
    });
    expect(final['assigned']).toHaveLength(10);
  });
}, 240_000);
