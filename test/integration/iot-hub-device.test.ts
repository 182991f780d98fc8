import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import iotDevice from 'azure-iot-device';
import { createRoutedTelemetry } from '../../src/adapters/iot-hub/routed-telemetry.ts';
import {
  deviceConnection,
  eventually,
  openDevice,
  openModule,
  startTestHub,
  type TestHub,
} from '../support/iot-hub.ts';

let test1: TestHub;
const opened: Array<{ close(): Promise<unknown> }> = [];
beforeAll(async () => {
  test1 = await startTestHub();
});
afterEach(async () => {
  test1.hub.setFaults({});
  await Promise.allSettled(opened.splice(0).map((client) => client.close()));
});
afterAll(() => test1.stop());

async function device(deviceId: string): Promise<{ client: iotDevice.Client; connection: string }> {
  const made = (await test1.registry.create({ deviceId, capabilities: { iotEdge: true } })).responseBody;
  const key = made.authentication?.symmetricKey?.primaryKey ?? '';
  const connection = deviceConnection(test1.hub, { deviceId, key });
  const client = await openDevice(test1.hub, connection);
  opened.push(client);
  return { client, connection };
}

async function module(deviceId: string, moduleId: string): Promise<iotDevice.ModuleClient> {
  const made = (await test1.registry.getModule(deviceId, moduleId)).responseBody;
  const key = made.authentication?.symmetricKey?.primaryKey ?? '';
  const client = await openModule(test1.hub, deviceConnection(test1.hub, { deviceId, moduleId, key }));
  opened.push(client);
  return client;
}

function report(twin: iotDevice.Twin, patch: object): Promise<void> {
  return new Promise((resolve, reject) => {
    twin.properties.reported.update(patch, (error?: Error) => (error ? reject(error) : resolve()));
  });
}

function jsonMessage(body: unknown, properties: Record<string, string> = {}): iotDevice.Message {
  const message = new iotDevice.Message(JSON.stringify(body));
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
  return message;
}

const twinOf = async (deviceId: string): Promise<{ connectionState: string; lastActivityTime: string }> =>
  JSON.parse(JSON.stringify((await test1.registry.getTwin(deviceId)).responseBody)) as {
    connectionState: string;
    lastActivityTime: string;
  };

test('coming and going show in the connection state', async () => {
  const before = Date.now();
  const { client } = await device('state-1');
  const online = await twinOf('state-1');
  expect(online.connectionState).toBe('Connected');
  expect(Date.parse(online.lastActivityTime)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(online.lastActivityTime)).toBeLessThanOrEqual(Date.now());
  await client.close();
  await eventually(
    () => twinOf('state-1'),
    (twin) => twin.connectionState === 'Disconnected',
  );
});

test('a twin: desired changes arrive, reported ones are kept', async () => {
  const { client } = await device('twin-1');
  await test1.registry.updateTwin('twin-1', { properties: { desired: { rate: 1, old: true } } }, '*');
  const twin = await client.getTwin();
  expect(twin.properties.desired).toEqual({ rate: 1, old: true, $version: 2 });
  const seen: unknown[] = [];
  twin.on('properties.desired', (patch) => seen.push(patch));
  await report(twin, { state: { a: 1, b: 2 } });
  await report(twin, { state: { a: null, c: 3 } });
  await test1.registry.updateTwin('twin-1', { properties: { desired: { rate: 2, old: null } } }, '*');
  await eventually(
    () => seen.at(-1),
    (patch) => (patch as { rate?: number }).rate === 2,
  );
  expect(seen.at(-1)).toEqual({ rate: 2, old: null, $version: 3 });
  const { reported } = (await test1.registry.getTwin('twin-1')).responseBody.properties;
  expect(reported).toMatchObject({ state: { b: 2, c: 3 }, $version: 3 });
});

test('reported properties beyond the rules are refused, and the device is told why', async () => {
  const { client } = await device('twin-2');
  const twin = await client.getTwin();
  await expect(report(twin, { 'a.b': 1 })).rejects.toThrow('do not allow');
  expect((await test1.registry.getTwin('twin-2')).responseBody.properties.reported).toMatchObject({
    $version: 1,
  });
});

test('a deployment reaches a connected $edgeAgent, whose report counts as success', async () => {
  await device('agent-1');
  const agent = await module('agent-1', '$edgeAgent');
  const twin = await agent.getTwin();
  const seen: Array<{ $version: number }> = [];
  twin.on('properties.desired', (patch: { $version: number }) => seen.push(patch));
  await test1.registry.addConfiguration({
    id: 'agent-1',
    schemaVersion: '1.0',
    targetCondition: "deviceId='agent-1'",
    content: { modulesContent: { $edgeAgent: { 'properties.desired': { modules: { scorer: {} } } } } },
  });
  const last = await eventually(
    () => seen.at(-1),
    (patch) => (patch?.$version ?? 0) > 1,
  );
  expect(last).toMatchObject({ modules: { scorer: {} } });
  await report(twin, { lastDesiredVersion: last?.$version, lastDesiredStatus: { code: 200 } });
  const { systemMetrics } = (await test1.registry.getConfiguration('agent-1')).responseBody;
  expect(systemMetrics?.results).toMatchObject({
    appliedCount: 1,
    reportedSuccessfulCount: 1,
    reportedFailedCount: 0,
  });
  await test1.registry.removeConfiguration('agent-1');
});

test('telemetry of device and module is routed in the hub’s own format', async () => {
  const { client } = await device('sender-1');
  await test1.registry.addModule({ deviceId: 'sender-1', moduleId: 'scorer' });
  const scorer = await module('sender-1', 'scorer');
  const before = await readAll(null);
  await client.sendEvent(jsonMessage({ n: 1 }, { kind: 'a b&c=d/é' }));
  await scorer.sendOutputEvent('summaries', jsonMessage({ n: 2 }));
  await client.sendEvent(new iotDevice.Message(Buffer.from([0, 1, 255])));
  const { messages } = await readAll(before.cursor);
  expect(messages.map(({ enqueued: _, ...rest }) => rest)).toEqual([
    { deviceId: 'sender-1', moduleId: null, properties: { kind: 'a b&c=d/é' }, body: { n: 1 } },
    { deviceId: 'sender-1', moduleId: 'scorer', properties: {}, body: { n: 2 } },
    { deviceId: 'sender-1', moduleId: null, properties: {}, body: 'AAH/' },
  ]);
});

function readAll(cursor: string | null): ReturnType<ReturnType<typeof createRoutedTelemetry>['read']> {
  return createRoutedTelemetry({ folder: test1.hub.telemetryDir }).read(cursor, 1000);
}

test('direct methods reach device and module, and a silent or absent one gives an error', async () => {
  const { client } = await device('method-1');
  client.onDeviceMethod('ping', (request, response) => {
    response.send(202, { got: request.payload as unknown }, () => undefined);
  });
  const call = (deviceId: string, methodName: string): Promise<{ status: number; payload: unknown }> =>
    test1.service
      .invokeDeviceMethod(deviceId, {
        methodName,
        payload: { n: 1 },
        responseTimeoutInSeconds: 5,
        connectTimeoutInSeconds: 2,
      })
      .then(({ result }) => result as { status: number; payload: unknown });
  test1.service.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  expect(await call('method-1', 'ping')).toEqual({ status: 202, payload: { got: { n: 1 } } });
  await expect(call('method-1', 'unknown')).rejects.toMatchObject({ response: { statusCode: 504 } });
  await test1.registry.create({ deviceId: 'method-2' });
  await expect(call('method-2', 'ping')).rejects.toMatchObject({ response: { statusCode: 404 } });
}, 20_000);

test('a second connection of the same identity drops the first', async () => {
  const { client, connection } = await device('double-1');
  const dropped = once(client, 'disconnect');
  const second = await openDevice(test1.hub, connection);
  opened.push(second);
  await dropped;
  expect((await twinOf('double-1')).connectionState).toBe('Connected');
});

test('a wrong key, an unknown device, and a disabled one are not let in', async () => {
  await device('secret-1');
  const wrong = deviceConnection(test1.hub, {
    deviceId: 'secret-1',
    key: Buffer.from('no').toString('base64'),
  });
  await expect(openDevice(test1.hub, wrong)).rejects.toThrow(/not authorized/i);
  const unknown = deviceConnection(test1.hub, {
    deviceId: 'nobody',
    key: Buffer.from('no').toString('base64'),
  });
  await expect(openDevice(test1.hub, unknown)).rejects.toThrow(/not authorized/i);
  const off = (await test1.registry.create({ deviceId: 'off-1', status: 'disabled' })).responseBody;
  const key = off.authentication?.symmetricKey?.primaryKey ?? '';
  await expect(
    openDevice(test1.hub, deviceConnection(test1.hub, { deviceId: 'off-1', key })),
  ).rejects.toThrow(/not authorized/i);
});

test('disabling a device drops its connection', async () => {
  const { client, connection } = await device('cut-1');
  const dropped = once(client, 'disconnect');
  const identity = (await test1.registry.get('cut-1')).responseBody;
  await test1.registry.update({ ...identity, status: 'disabled' });
  await dropped;
  expect(await twinOf('cut-1')).toMatchObject({ connectionState: 'Disconnected', status: 'disabled' });
  await expect(openDevice(test1.hub, connection)).rejects.toThrow();
});

test('an unmodified client without the CA refuses the hub', async () => {
  const { connection } = await device('strict-1');
  const client = iotDevice.Client.fromConnectionString(
    connection,
    (await import('azure-iot-device-mqtt')).default.Mqtt,
  );
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await expect(client.open()).rejects.toThrow(/self[- ]signed|certificate|unable to/i);
  expect(readFileSync(test1.hub.caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
});

test('a hub that is down drops everybody, and lets them in again afterwards', async () => {
  const { client, connection } = await device('down-1');
  const dropped = once(client, 'disconnect');
  test1.hub.setFaults({ down: true });
  await dropped;
  await expect(openDevice(test1.hub, connection)).rejects.toThrow();
  await expect(test1.registry.get('down-1')).rejects.toThrow();
  test1.hub.setFaults({});
  opened.push(await openDevice(test1.hub, connection));
  expect((await twinOf('down-1')).connectionState).toBe('Connected');
});
