import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { createFleetHub, type IotHubFleet } from '../../src/adapters/iot-hub/fleet-hub.ts';
import { createRoutedTelemetry } from '../../src/adapters/iot-hub/routed-telemetry.ts';
import { targetName } from '../../src/contracts/device/device-tags.ts';
import { windowSummarySchema, type WindowSummary } from '../../src/contracts/device/window-summary.ts';
import type { DeviceEvidence } from '../../src/contracts/device/evidence.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { startTestHub, type TestHub } from '../support/iot-hub.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeTinyImage, type TinyImage } from '../support/tiny-image.ts';

jest.setTimeout(120_000);

const folder = tempFolder('fleet');
const images = join(folder.path, 'images');
const IDS = ['pump-001', 'pump-002', 'pump-003', 'pump-004', 'pump-005'] as const;
const [one, two, three, four, five] = IDS;

let hub: TestHub;
let fleetHub: IotHubFleet;
let child: ChildProcess | undefined;
let control = '';
const versions = new Map<string, TinyImage>();

async function startFleet(more: string[] = []): Promise<void> {
  const { hub: h } = hub;
  child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../../stand-ins/fleet/main.ts'),
      ...['--hub-connection-string', h.connectionString, '--ca', h.caFile],
      ...['--hub-https-port', String(h.httpsPort), '--hub-mqtt-port', String(h.mqttPort)],
      ...['--images', images, '--state', join(folder.path, 'state'), '--devices', '5', '--speed', '240'],
      ...more,
    ],
    { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ready = await waitFor(() => (output.includes('\n') ? output : undefined), { timeoutMs: 60_000 });
  const line = JSON.parse(ready ?? '{}') as {
    ready: boolean;
    control: string;
    devices: number;
    online: number;
  };
  expect(line).toMatchObject({ ready: true, devices: 5 });
  control = line.control;
}

async function killFleet(signal: NodeJS.Signals): Promise<void> {
  const running = child;
  child = undefined;
  if (!running) return;
  running.kill(signal);
  await once(running, 'close');
}

beforeAll(async () => {
  hub = await startTestHub();
  const { connectionString, httpsPort, mqttPort, caFile } = hub.hub;
  fleetHub = createFleetHub({ connectionString, port: httpsPort, mqttPort, caFile });
  for (const [version, gain] of [
    ['1', 2],
    ['2', 2.1],
    ['3', 2.2],
  ] as const) {
    const options = { version, gain, calibrationRows: 120, windowsPerSummary: 2 };
    versions.set(version, await writeTinyImage(images, options));
  }
  await startFleet();
});
afterAll(async () => {
  await killFleet('SIGTERM');
  fleetHub.close();
  await hub.stop();
  folder.remove();
});

async function deploy(version: string, devices: readonly string[]): Promise<void> {
  const { reference, model } = versions.get(version)!;
  const { name, digest } = model.manifest;
  const id = targetName(name, version);
  await fleetHub.ensureConfiguration({
    id,
    image: reference,
    model: { name, version, digest },
    priority: 10,
  });
  await fleetHub.setTarget(devices, id);
}
async function post(path: string, body: object): Promise<{ changed?: string[]; error?: string }> {
  const response = await fetch(`${control}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as { changed?: string[]; error?: string };
}
interface Described {
  id: string;
  online: boolean;
  image: string | null;
  regime: string;
  windows: { scored: number };
  queue: { waiting: number };
}
async function describeDevice(id: string): Promise<Described> {
  return (await (await fetch(`${control}/devices/${id}`)).json()) as Described;
}
const evidence = async (id: string): Promise<DeviceEvidence> => (await fleetHub.readEvidence([id]))[0]!;
async function until(id: string, check: (e: DeviceEvidence) => boolean): Promise<DeviceEvidence> {
  let last: DeviceEvidence | undefined;
  const found = await waitFor(async () => check((last = await evidence(id))), { timeoutMs: 30_000 });
  if (found === undefined) throw new Error(`${id} did not get there: ${JSON.stringify(last)}`);
  return last!;
}
const isGood = (version: string) => (e: DeviceEvidence) =>
  e.agent?.settings?.image === versions.get(version)!.reference &&
  e.agent.runtimeStatus === 'running' &&
  e.attestation?.model.digest === versions.get(version)!.model.digest &&
  e.attestation.state === 'scoring' &&
  e.attestation.golden.match;

async function summaries(device: string): Promise<WindowSummary[]> {
  const source = createRoutedTelemetry({ folder: hub.hub.telemetryDir });
  const { messages } = await source.read(null, 100_000);
  return messages
    .filter((m) => m.deviceId === device && m.properties['schema'] === 'windlass.window/1')
    .map((m) => windowSummarySchema.parse(m.body));
}

test('the factory has made edge devices with tags', async () => {
  const devices = await fleetHub.listDevices('');
  expect(devices.map((d) => d.deviceId).sort()).toEqual([...IDS]);
  expect(
    devices.every((d) => d.connected && d.tags.site !== 'unknown' && d.tags.platform.startsWith('linux/')),
  ).toBe(true);
  const groups = new Map(devices.map((d) => [d.deviceId, d.tags.redundancyGroup]));
  expect(groups.get(one)).toBe(groups.get(two));
  expect(groups.get(one)).not.toBe(groups.get(three));
  expect((await evidence(one)).lastDesired?.code).toBe(417); // nothing deployed yet
});

test('a device whose tag asks for a version pulls it, scores, and attests what it runs; the others do nothing', async () => {
  await deploy('1', [one, two, three, four]);
  for (const id of [one, two, three, four]) {
    const found = await until(id, isGood('1'));
    expect(found.agent).toMatchObject({ restartCount: 0, exitCode: 0, settings: { imageHash: /^sha256:/ } });
    expect(found.lastDesired).toMatchObject({ code: 200 });
  }
  expect((await evidence(five)).attestation).toBeNull();
});

test('window summaries arrive through the hub, numbered without a gap', async () => {
  const found = await waitFor(async () => (await summaries(one)).length >= 3 && (await summaries(one)), {
    timeoutMs: 30_000,
  });
  expect(found?.map((s) => s.seq)).toEqual(found?.map((_, i) => i));
  expect(found?.[0]).toMatchObject({ device: one, scored: 2, model: { version: '1' } });
});

test('a device without a network goes on scoring, stores, and on return gets the current target and sends all', async () => {
  expect(await post('/devices/offline', { ids: [one] })).toEqual({ changed: [one] });
  await until(one, (e) => !e.connected);
  const before = (await describeDevice(one)).windows.scored;
  await deploy('2', [one, two]);
  await until(two, isGood('2'));
  const stored = await waitFor(async () => (await describeDevice(one)).queue.waiting >= 3, {
    timeoutMs: 30_000,
  });
  expect(stored).toBe(true);
  expect((await describeDevice(one)).windows.scored).toBeGreaterThan(before);
  expect((await evidence(one)).attestation?.model.version).toBe('1');
  await deploy('3', [one]); // the target moves on: version 2 is never seen by it
  await post('/devices/online', { all: true });
  await until(one, isGood('3'));
  const complete = await waitFor(
    async () => {
      const all = await summaries(one);
      return (
        all.some((s) => s.model.version === '3') && (await describeDevice(one)).queue.waiting === 0 && all
      );
    },
    { timeoutMs: 30_000 },
  );
  const ofFirst = [...new Set(complete?.filter((s) => s.model.version === '1').map((s) => s.seq))];
  expect(ofFirst).toEqual(ofFirst.map((_, i) => i));
  expect(complete?.some((s) => s.model.version === '2')).toBe(false);
});

test('a pull that fails leaves the old version running and says why; later it is tried again', async () => {
  await post('/faults', { kind: 'pull-failure', ids: [three] });
  await deploy('2', [three]);
  const failed = await until(three, (e) => e.lastDesired?.code === 500);
  expect(failed.lastDesired?.description).toMatch(/could not pull image .*503/);
  expect(failed.agent).toMatchObject({
    runtimeStatus: 'running',
    settings: { image: versions.get('1')!.reference },
  });
  await post('/faults/clear', { ids: [three] });
  await until(three, isGood('2'));
});

test('a crash loop backs off and counts restarts', async () => {
  await post('/faults', { kind: 'crash-loop', ids: [four] });
  const looping = await until(
    four,
    (e) => e.agent?.runtimeStatus === 'backoff' && (e.agent.restartCount ?? 0) >= 2,
  );
  expect(looping.agent).toMatchObject({ exitCode: 13, statusDescription: /out of memory/ });
  await post('/faults/clear', { ids: [four], kind: 'crash-loop' });
  await until(four, isGood('1'));
});

test('a model that was altered on its way is attested with its real digest and scores nothing', async () => {
  await post('/faults', { kind: 'wrong-digest', ids: [five] });
  await deploy('1', [five]);
  // The module and its agent report on their own: either may be first.
  const found = await until(
    five,
    (e) => e.attestation?.state === 'failed' && e.agent?.runtimeStatus !== undefined,
  );
  expect(found.attestation?.model.digest).not.toBe(versions.get('1')!.model.digest);
  expect(found.agent?.runtimeStatus).toBe('running');
  expect((await describeDevice(five)).windows.scored).toBe(0);
});

test('an image that is not in the registry is a failed pull', async () => {
  const missing = `localhost/windlass/pump-health@sha256:${'0'.repeat(64)}`;
  versions.set('9', { ...versions.get('1')!, reference: missing });
  await deploy('9', [five]);
  const failed = await until(five, (e) => e.lastDesired?.code === 500);
  expect(failed.lastDesired?.description).toMatch(/manifest unknown/);
});

test('a hub that throttles, then goes away and comes back, misses no report and no message', async () => {
  await deploy('3', [two]);
  const throttle = { operation: 'twin-update', fault: 'throttle', deviceId: two, count: 4 } as const;
  hub.hub.setFaults({ rules: [throttle] }); // the reports that follow are refused, and sent again
  await until(two, isGood('3'));
  hub.hub.setFaults({ down: true });
  await waitFor(async () => (await describeDevice(two)).queue.waiting >= 2, { timeoutMs: 30_000 });
  hub.hub.setFaults({});
  await until(two, (e) => e.connected && isGood('3')(e));
  const drained = await waitFor(async () => (await describeDevice(two)).queue.waiting === 0, {
    timeoutMs: 30_000,
  });
  expect(drained).toBe(true);
  const seqs = (await summaries(two)).filter((s) => s.model.version === '3').map((s) => s.seq);
  expect([...new Set(seqs)]).toEqual([...new Set(seqs)].map((_, i) => i));
  await deploy('2', [two]);
  await until(two, isGood('2'));
});

test('kill -9 of the fleet: the devices go on where they were, and a script plays', async () => {
  await post('/regime', { regime: 'winter', ids: [two] });
  await post('/devices/offline', { ids: [four] });
  await waitFor(async () => (await describeDevice(four)).queue.waiting >= 1, { timeoutMs: 30_000 });
  await killFleet('SIGKILL');
  const script = join(folder.path, 'script.json');
  await writeFile(script, JSON.stringify([{ at: 0.1, do: 'regime', regime: 'high-flow', ids: [three] }]));
  await startFleet(['--script', script]);
  const played = await waitFor(async () => (await describeDevice(three)).regime === 'high-flow', {
    timeoutMs: 10_000,
  });
  expect(played).toBe(true);
  const twoAgain = await until(two, (e) => e.connected && isGood('2')(e));
  expect(twoAgain.attestation?.calibration).toEqual({ state: 'fitted', rows: 120 });
  expect(await describeDevice(two)).toMatchObject({ regime: 'winter', image: versions.get('2')!.reference });
  expect(await describeDevice(four)).toMatchObject({ online: false, image: versions.get('1')!.reference });
  await post('/devices/online', { ids: [four] });
  await until(four, isGood('1'));
  const seqs = await waitFor(
    async () => {
      const all = await summaries(four);
      return (
        (await describeDevice(four)).queue.waiting === 0 && all.length > 4 && new Set(all.map((s) => s.seq))
      );
    },
    { timeoutMs: 30_000 },
  );
  expect([...(seqs ?? [])].sort((a, b) => a - b)).toEqual([...(seqs ?? [])].map((_, i) => i));
});

test('control requests that make no sense are refused with a reason', async () => {
  expect((await post('/regime', { regime: 'tropical', all: true })).error).toMatch(/regime: .*nominal/);
  expect((await post('/devices/offline', {})).error).toMatch(/say which devices/);
  expect((await post('/faults', { kind: 'crash-loop', ids: ['pump-777'] })).error).toMatch(
    /"pump-777" is not known/,
  );
  expect((await post('/dance', {})).error).toMatch(/actions: offline, online/);
  const half = await post('/devices/offline', { percent: 40, seed: 5 });
  expect(half.changed).toHaveLength(2);
  expect((await post('/devices/online', { percent: 40, seed: 5 })).changed).toEqual(half.changed);
});
