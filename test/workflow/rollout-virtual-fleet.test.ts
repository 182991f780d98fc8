import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RolloutResult } from '../../src/contracts/rollout/rollout.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { fleetRollout } from '../../workflows/rollout/fleet-rollout.ts';
import { createDevServer } from '../support/dev-server.ts';
import { eventually } from '../support/iot-hub.ts';
import { nextComparison, packagedImage, registration } from '../support/registry-fixtures.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeTinyImage, type TinyImage } from '../support/tiny-image.ts';

/**
 * Rollouts to the virtual fleet: the agent's own report, the edge module's own attestation, faults
 * as in the field.
 */
const folder = tempFolder('rollout-fleet');
const images = join(folder.path, 'images');
const DEVICES = 8;
let env: TestWorkflowEnvironment;
let bench: RolloutBench;
let fleet: ChildProcess;
let control = '';

async function addVersion(version: string): Promise<TinyImage> {
  const image = await writeTinyImage(images, {
    version,
    gain: 2 + Number(version) / 10,
    calibrationRows: 120,
    windowsPerSummary: 2,
  });
  const base = registration(`fleet ${version}`);
  const by = { actor: 'tester', reason: '' };
  const { digest } = image.model;
  const comparison = await nextComparison(bench.registry, base.name);
  const made = { ...base, comparison, digest, onnx: { ...base.onnx, digest } };
  const model = await bench.registry.registerModel(made, by);
  expect(model.version).toBe(version);
  const digestOfImage = image.reference.split('@')[1] ?? '';
  await bench.registry.recordImage(
    { name: model.name, version },
    { ...packagedImage(version), reference: image.reference, digest: digestOfImage },
  );
  return image;
}

beforeAll(async () => {
  env = await createDevServer();
  bench = await openRolloutBench({ devices: 0 });
  for (const version of ['1', '2', '3', '4']) await addVersion(version);
  const { hub } = bench.hub;
  fleet = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../../stand-ins/fleet/main.ts'),
      ...['--hub-connection-string', hub.connectionString, '--ca', hub.caFile],
      ...['--hub-https-port', String(hub.httpsPort), '--hub-mqtt-port', String(hub.mqttPort)],
      ...['--images', images, '--state', join(folder.path, 'state')],
      ...['--devices', String(DEVICES), '--speed', '60'],
    ],
    { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  fleet.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually(
    () => said,
    (text) => text.includes('\n'),
    60_000,
  );
  ({ control } = JSON.parse(said) as { control: string });
}, 150_000);
afterAll(async () => {
  fleet.kill('SIGTERM');
  await once(fleet, 'close');
  await bench.close();
  await env.teardown();
  folder.remove();
}, 60_000);

const act = async (action: string, body: object): Promise<void> => {
  const response = await fetch(`${control}/${action}`, { method: 'POST', body: JSON.stringify(body) });
  expect(response.status).toBe(200);
};

const rollOut = async (version: string): Promise<RolloutResult> =>
  env.client.workflow.execute<typeof fleetRollout>(WORKFLOWS.fleetRollout, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `virtual-${version}`,
    args: [
      {
        model: `pump-health@${version}`,
        rollout: {
          rings: [
            { name: 'canary', percent: 25 },
            { name: 'fleet', percent: 100 },
          ],
          soakSeconds: 3,
          pollSeconds: 1,
          ringTimeoutSeconds: 90,
        },
      },
    ],
  });

const targets = async (): Promise<Record<string, number>> => {
  const ids = (await bench.fleet.listDevices('')).map((device) => device.deviceId);
  const all = [...(await bench.fleet.readTargets(ids)).values()].map((target) => target ?? 'none');
  return Object.fromEntries([...Map.groupBy(all, (t) => t)].map(([t, list]) => [t, list.length]));
};

test('a version reaches the virtual fleet, and each field defect of the next ones is stopped in the canary', async () => {
  await act('offline', { percent: 12.5 });
  await bench.withWorkers(env, async () => {
    const first = await rollOut('1');
    expect(first).toMatchObject({ outcome: 'completed', pendingDevices: 1 });
    const attested = first.rings.reduce((sum, ring) => sum + ring.attested, 0);
    expect(attested).toBe(DEVICES - 1);
    await act('online', { all: true });

    for (const [version, kind, why] of [
      ['2', 'crash-loop', /restarts since the offer|module is backoff/],
      ['3', 'wrong-digest', /attests model/],
      ['4', 'pull-failure', /deployment not applied: Could not prepare update/],
    ] as const) {
      await act('faults', { all: true, kind });
      const began = Date.now();
      const result = await rollOut(version);
      expect([version, result.outcome, result.rings.map((r) => r.verdict)]).toEqual([
        version,
        'reverted',
        ['failed', 'skipped'],
      ]);
      const failed = (await bench.store.devices(result.rolloutId)).filter((d) => d.verdict === 'failed');
      expect(failed.length).toBeGreaterThan(0);
      for (const device of failed) expect(device.reason).toMatch(why);
      console.log(`${kind}: ${result.reason}; ${Math.round((Date.now() - began) / 1000)} s`);
      await act('faults/clear', { all: true });
      expect(await targets()).toEqual({ 'pump-health-1': DEVICES });
    }
  });
}, 300_000);
