import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jest } from '@jest/globals';
import iotDevice from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';
import { createFleetHub, type IotHubFleet } from '../../src/adapters/iot-hub/fleet-hub.ts';
import { createRoutedTelemetry } from '../../src/adapters/iot-hub/routed-telemetry.ts';

const MAIN = join(import.meta.dirname, '../../stand-ins/iot-hub/main.ts');

interface Ready {
  readonly ready: true;
  readonly https: number;
  readonly mqtt: number;
  readonly connectionString: string;
  readonly caFile: string;
  readonly telemetryDir: string;
}

jest.setTimeout(90_000); // processes start slowly on a busy machine

let stateDir = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'windlass-hub-'));
});
afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }

  rmSync(stateDir, { recursive: true });
});

async function start(
  ...more: string[]
): Promise<{ child: ChildProcess; ready: Ready; errors: () => string }> {
  const child = spawn(process.execPath, [MAIN, '--state', stateDir, '--query-lag-ms', '0', ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  if (!child.stdout) throw new Error('no stdout');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ready: JSON.parse(line) as Ready, errors: () => errors };
}

function fleetOf(ready: Ready): IotHubFleet {
  return createFleetHub({
    connectionString: ready.connectionString,
    port: ready.https,
    mqttPort: ready.mqtt,
    caFile: ready.caFile,
  });
}

test('it says when it is ready, without noise, and stops on SIGTERM', async () => {
  const { child, ready, errors } = await start();
  expect(ready).toMatchObject({
    ready: true,
    connectionString: expect.stringMatching(/^HostName=localhost;/) as string,
  });
  expect(ready.https).not.toBe(ready.mqtt);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(errors()).toBe('');
});

test('after kill -9 everything that was answered is still there', async () => {
  const first = await start();
  const fleet = fleetOf(first.ready);
  const ids = Array.from({ length: 100 }, (_, i) => `p${i}`);
  const strings = await fleet.provision(ids.map((deviceId) => ({ deviceId, tags: { site: 'x' } })));
  await fleet.ensureConfiguration({
    id: 'm-1',
    image: 'repo@one',
    model: { name: 'm', version: '1', digest: 'd' },
    priority: 10,
  });
  await fleet.setTarget(ids, 'm-1');
  const device = iotDevice.Client.fromConnectionString(strings['p7'] ?? '', mqtt.Mqtt);
  device.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await device.setOptions({ ca: readFileSync(first.ready.caFile, 'utf8') });
  await device.open();
  for (let n = 0; n < 20; n += 1) await device.sendEvent(new iotDevice.Message(`message ${n}`));
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  await device.close().catch(() => undefined); // the hub is gone
  fleet.close();

  const second = await start(
    '--https-port',
    String(first.ready.https),
    '--mqtt-port',
    String(first.ready.mqtt),
  );
  expect(second.ready).toEqual(first.ready);
  const again = fleetOf(second.ready);
  const devices = await again.listDevices("tags.windlass.scorer = 'm-1'");
  expect(devices).toHaveLength(100);
  expect(devices.every((d) => !d.connected)).toBe(true);
  expect(await again.configurations()).toHaveLength(1);
  expect(await again.provision([{ deviceId: 'p7', tags: {} }])).toEqual({ p7: strings['p7'] });
  const { messages } = await createRoutedTelemetry({ folder: second.ready.telemetryDir }).read(null, 100);
  const bodies = messages.map((m) => Buffer.from(String(m.body), 'base64').toString());
  expect(bodies).toEqual(Array.from({ length: 20 }, (_, n) => `message ${n}`));
  again.close();
});

test.each([
  [['--https-port', 'x'], '--https-port: expected a whole number'],
  [['--tier', 'S9'], '--tier: expected one of'],
  [['--unknown'], '--unknown'],
])('bad arguments %j end it with a reason', async (more, reason) => {
  const child = spawn(process.execPath, [MAIN, '--state', stateDir, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(2);
  expect(errors).toContain(reason);
});

test('a port in use ends it with a reason', async () => {
  const { ready } = await start();
  const other = mkdtempSync(join(tmpdir(), 'windlass-hub-'));
  const child = spawn(process.execPath, [MAIN, '--state', other, '--https-port', String(ready.https)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  rmSync(other, { recursive: true });
  expect(code).toBe(1);
  expect(errors).toContain('EADDRINUSE');
});
