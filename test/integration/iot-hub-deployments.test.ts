import { startTestHub, type TestHub } from '../support/iot-hub.ts';

let test1: TestHub;
beforeEach(async () => {
  test1 = await startTestHub();
});
afterEach(() => test1.stop());

type Content = Record<string, Record<string, unknown>>;

const BASE: Content = {
  $edgeAgent: { 'properties.desired': { schemaVersion: '1.1', runtime: { type: 'docker' }, modules: {} } },
  $edgeHub: { 'properties.desired': { schemaVersion: '1.1', routes: {} } },
};
const layer = (image: string): Content => ({
  $edgeAgent: { 'properties.desired.modules.scorer': { settings: { image } } },
});

async function configure(
  id: string,
  options: { priority?: number; target?: string; content: Content; device?: boolean },
): Promise<void> {
  const { content, priority = 0, target = '*' } = options;
  await test1.registry.addConfiguration({
    id,
    schemaVersion: '1.0',
    priority,
    targetCondition: target,
    content: options.device === true ? { deviceContent: content } : { modulesContent: content },
  });
  await test1.hub.settled();
}

async function edgeDevices(count: number): Promise<void> {
  const devices = Array.from({ length: count }, (_, i) => ({
    deviceId: `d${i}`,
    capabilities: { iotEdge: true },
  }));
  await test1.registry.addDevices(devices);
}

async function tag(deviceId: string, scorer: string | null): Promise<void> {
  await test1.registry.updateTwin(deviceId, { tags: { windlass: { scorer } } }, '*');
  await test1.hub.settled();
}

async function desired(deviceId: string, moduleId = '$edgeAgent'): Promise<Record<string, unknown>> {
  return (await test1.registry.getModuleTwin(deviceId, moduleId)).responseBody.properties.desired;
}

async function imageOf(deviceId: string): Promise<unknown> {
  const { modules } = (await desired(deviceId)) as { modules?: { scorer?: { settings: { image: string } } } };
  return modules?.scorer?.settings.image ?? null;
}

test('a device enters a layer by its tag, moves to another, and leaves', async () => {
  await edgeDevices(2);
  await configure('base', { content: BASE });
  await configure('m-1', { priority: 10, target: "tags.windlass.scorer='m-1'", content: layer('img@1') });
  await configure('m-2', { priority: 10, target: "tags.windlass.scorer='m-2'", content: layer('img@2') });
  expect(await imageOf('d0')).toBeNull();
  await tag('d0', 'm-1');
  expect([await imageOf('d0'), await imageOf('d1')]).toEqual(['img@1', null]);
  await tag('d0', 'm-2');
  expect(await imageOf('d0')).toBe('img@2');
  const twin = (await test1.registry.getTwin('d0')).responseBody as unknown as { configurations: object };
  expect(twin.configurations).toEqual({ base: { status: 'Applied' }, 'm-2': { status: 'Applied' } });
  await tag('d0', null);
  expect(await imageOf('d0')).toBeNull();
});

test('the modules of a deployment get identities of their own', async () => {
  await edgeDevices(1);
  await configure('base', { content: BASE });
  await configure('m-1', { priority: 10, content: layer('img@1') });
  const module = (await test1.registry.getModule('d0', 'scorer')).responseBody;
  expect(module.authentication?.symmetricKey?.primaryKey).toHaveLength(44);
});

test('what does not change makes no new version of the twin', async () => {
  await edgeDevices(1);
  await configure('base', { content: BASE });
  const before = await desired('d0');
  await test1.registry.updateTwin('d0', { tags: { site: 'x' } }, '*');
  await configure('elsewhere', { priority: 5, target: "tags.site='y'", content: layer('img@9') });
  expect((await desired('d0'))['$version']).toBe(before['$version']);
});

test('deleting a configuration gives its devices to the next one', async () => {
  await edgeDevices(1);
  await configure('base', { content: BASE });
  await configure('low', { priority: 5, content: layer('img@low') });
  await configure('high', { priority: 10, content: layer('img@high') });
  expect(await imageOf('d0')).toBe('img@high');
  await test1.registry.removeConfiguration('high');
  await test1.hub.settled();
  expect(await imageOf('d0')).toBe('img@low');
});

test('system metrics follow what devices are targeted with and what their agents report', async () => {
  await edgeDevices(3);
  await configure('base', { content: BASE });
  await configure('m-1', { priority: 10, target: "tags.windlass.scorer='m-1'", content: layer('img@1') });
  await tag('d0', 'm-1');
  await tag('d1', 'm-1');
  const { systemMetrics } = (await test1.registry.getConfiguration('m-1')).responseBody;
  expect(systemMetrics?.results).toEqual({
    targetedCount: 2,
    appliedCount: 2,
    reportedSuccessfulCount: 0,
    reportedFailedCount: 0,
  });
});

test('a configuration keeps its content, but may get another priority and target', async () => {
  await configure('c', { content: BASE });
  const { registry } = test1;
  const read = (await registry.getConfiguration('c')).responseBody;
  const changed = { ...read, priority: 7, content: { modulesContent: layer('other') } };
  await expect(registry.updateConfiguration(changed)).rejects.toThrow(
    'content of a configuration cannot be changed',
  );
  await registry.updateConfiguration({ ...read, priority: 7 });
  expect((await registry.getConfiguration('c')).responseBody.priority).toBe(7);
  await expect(registry.updateConfiguration({ ...read, priority: 8 })).rejects.toMatchObject({
    name: 'InvalidEtagError',
  });
});

test('bad configurations are refused, each with its reason', async () => {
  await expect(configure('Upper', { content: BASE })).rejects.toThrow('not a valid configuration id');
  await expect(configure('c', { target: 'tags.a ==', content: BASE })).rejects.toThrow('Syntax error');
  await expect(configure('c', { priority: -1, content: BASE })).rejects.toThrow('priority');
  expect((await test1.registry.getConfigurations()).responseBody).toEqual([]);
});

test('a hub takes 100 configurations and no more', async () => {
  for (let i = 0; i < 100; i += 1)
    await configure(`c-${i}`, { target: `tags.n='${i}'`, content: layer('x') });
  await expect(configure('c-100', { content: layer('x') })).rejects.toMatchObject({
    response: { statusCode: 403 },
  });
});

test('content can be applied to one device', async () => {
  await edgeDevices(2);
  await test1.registry.applyConfigurationContentOnDevice('d0', {
    modulesContent: {
      $edgeAgent: { 'properties.desired': { modules: { scorer: { settings: { image: 'one' } } } } },
      scorer: { 'properties.desired': { rate: 1 } },
    },
  });
  expect([await imageOf('d0'), await imageOf('d1')]).toEqual(['one', null]);
  expect(await desired('d0', 'scorer')).toMatchObject({ rate: 1 });
});

test('device content reaches the device twin of the targeted devices', async () => {
  await edgeDevices(1);
  await test1.registry.updateTwin('d0', { tags: { site: 'x' }, properties: { desired: { own: 1 } } }, '*');
  await test1.registry.addConfiguration({
    id: 'devices',
    schemaVersion: '1.0',
    targetCondition: "tags.site='x'",
    content: { deviceContent: { 'properties.desired.rate': { perMinute: 5 } } },
  });
  await test1.hub.settled();
  const twin = (await test1.registry.getTwin('d0')).responseBody;
  expect(twin.properties.desired).toMatchObject({ own: 1, rate: { perMinute: 5 } });
});
