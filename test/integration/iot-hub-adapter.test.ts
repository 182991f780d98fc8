import type { Twin } from 'azure-iot-device';
import { createFleetHub, type IotHubFleet } from '../../src/adapters/iot-hub/fleet-hub.ts';
import type { HubConfig } from '../../src/adapters/iot-hub/hub-config.ts';
import { MODULE_SLOT, targetName } from '../../src/contracts/device/device-tags.ts';
import type { ModelConfiguration } from '../../src/contracts/device/evidence.ts';
import { deviceConnection, openDevice, openModule, startTestHub, type TestHub } from '../support/iot-hub.ts';

let test1: TestHub;
let fleet: IotHubFleet;
beforeEach(async () => {
  test1 = await startTestHub();
  fleet = createFleetHub(config());
});
afterEach(async () => {
  fleet.close();
  await test1.stop();
});

function config(overrides: Partial<HubConfig> = {}): HubConfig {
  const { connectionString, httpsPort, mqttPort, caFile } = test1.hub;
  return { connectionString, port: httpsPort, mqttPort, caFile, requestTimeoutMs: 20_000, ...overrides };
}

const digest = `sha256:${'a'.repeat(64)}`;
const version = (v: string, image = `repo@${digest}`): ModelConfiguration => ({
  id: targetName('pump-health', v),
  image,
  model: { name: 'pump-health', version: v, digest },
  priority: 100,
});

async function image(deviceId: string): Promise<unknown> {
  await test1.hub.settled();
  const { desired } = (await test1.registry.getModuleTwin(deviceId, '$edgeAgent')).responseBody
    .properties as {
    desired: { modules?: Record<string, { settings: { image: string } }> };
  };
  return desired.modules?.[MODULE_SLOT]?.settings.image ?? null;
}

test('provisioning gives connection strings that work, and is safe to repeat', async () => {
  const devices = Array.from({ length: 120 }, (_, i) => ({ deviceId: `p${i}`, tags: { site: `s${i % 4}` } }));
  const first = await fleet.provision(devices.slice(0, 50));
  const second = await fleet.provision(devices);
  expect(Object.keys(second)).toHaveLength(120);
  for (const [deviceId, connection] of Object.entries(first)) expect(second[deviceId]).toBe(connection);
  for (const deviceId of ['p3', 'p119']) {
    const client = await openDevice(test1.hub, second[deviceId] ?? '');
    await client.close();
  }
});

test('lists edge devices by condition, with tags, and their agents’ connections', async () => {
  const before = Date.now();
  const strings = await fleet.provision([
    { deviceId: 'p1', tags: { site: 'north', redundancyGroup: 'g' } },
    { deviceId: 'p2', tags: { site: 'south' } },
  ]);
  await test1.registry.create({ deviceId: 'no-edge' });
  const keys = (await test1.registry.getModule('p2', '$edgeAgent')).responseBody.authentication?.symmetricKey;
  expect(strings['p2']).toContain('DeviceId=p2');
  const agent = await openModule(
    test1.hub,
    deviceConnection(test1.hub, { deviceId: 'p2', moduleId: '$edgeAgent', key: keys?.primaryKey ?? '' }),
  );
  const all = await fleet.listDevices('');
  expect(all.map(({ deviceId, connected }) => [deviceId, connected])).toEqual([
    ['p1', false],
    ['p2', true],
  ]);
  expect(all[0]).toMatchObject({
    lastActivity: null,
    tags: { site: 'north', platform: 'linux/amd64', link: 'lan', redundancyGroup: 'g', windlass: {} },
  });
  expect(Date.parse(all[1]?.lastActivity ?? '')).toBeGreaterThanOrEqual(before);
  expect(
    (await fleet.listDevices("tags.site = 'north' OR tags.site = 'east'")).map((d) => d.deviceId),
  ).toEqual(['p1']);
  await agent.close();
});

test('a version reaches exactly the devices that are given it', async () => {
  await fleet.provision(['p1', 'p2', 'p3'].map((deviceId) => ({ deviceId, tags: {} })));
  await fleet.ensureConfiguration(version('1', 'repo@one'));
  await fleet.ensureConfiguration(version('2', 'repo@two'));
  await fleet.setTarget(['p1', 'p2'], 'pump-health-1');
  expect([await image('p1'), await image('p2'), await image('p3')]).toEqual(['repo@one', 'repo@one', null]);
  await fleet.setTarget(['p2'], 'pump-health-2');
  await fleet.setTarget(['p1'], null);
  expect([await image('p1'), await image('p2')]).toEqual([null, 'repo@two']);
  const tagged = await fleet.listDevices("tags.windlass.scorer = 'pump-health-2'");
  expect(tagged.map((d) => [d.deviceId, d.tags.windlass])).toEqual([['p2', { scorer: 'pump-health-2' }]]);
});

test('a configuration is ensured once, refused when it differs, listed, and deleted for good', async () => {
  await fleet.ensureConfiguration(version('1'));
  await fleet.ensureConfiguration(version('1'));
  expect(await fleet.configurations()).toEqual([version('1')]);
  await expect(fleet.ensureConfiguration(version('1', 'repo@other'))).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect(await fleet.configurations()).toEqual([version('1')]);
  await fleet.deleteConfiguration('pump-health-1');
  await fleet.deleteConfiguration('pump-health-1');
  expect(await fleet.configurations()).toEqual([]);
});

test('evidence is what agent and module report, and null before', async () => {
  await fleet.provision([{ deviceId: 'p1', tags: {} }]);
  await fleet.ensureConfiguration(version('1'));
  await fleet.setTarget(['p1'], 'pump-health-1');
  await test1.hub.settled();
  const nothing = { connected: false, lastActivity: null, agent: null, attestation: null, lastDesired: null };
  expect(await fleet.readEvidence(['p1', 'absent'])).toEqual([
    { deviceId: 'p1', ...nothing },
    { deviceId: 'absent', ...nothing },
  ]);
  expect(await fleet.readTargets(['p1', 'absent'])).toEqual(
    new Map([
      ['p1', 'pump-health-1'],
      ['absent', null],
    ]),
  );
  const attestation = {
    state: 'scoring',
    model: { name: 'pump-health', version: '1', digest },
    image: `repo@${digest}`,
    golden: { rows: 64, maxAbsDiff: 1e-7, match: true },
    calibration: { state: 'fitted', rows: 400 },
    startedAt: '2026-01-01T00:00:00Z',
  };
  const module = { status: 'running', runtimeStatus: 'running', restartCount: 1, settings: { image: 'i' } };
  const before = Date.now();
  await reportAs('p1', '$edgeAgent', {
    modules: { [MODULE_SLOT]: module },
    lastDesiredStatus: { code: 200 },
  });
  await reportAs('p1', MODULE_SLOT, { windlass: attestation });
  const [evidence] = await fleet.readEvidence(['p1']);
  expect(evidence).toMatchObject({
    deviceId: 'p1',
    agent: module,
    attestation,
    lastDesired: { code: 200, description: '' },
  });
  expect(Date.parse(evidence?.lastActivity ?? '')).toBeGreaterThanOrEqual(before);
});

async function reportAs(deviceId: string, moduleId: string, patch: object): Promise<void> {
  const identity = (await test1.registry.getModule(deviceId, moduleId)).responseBody;
  const key = identity.authentication?.symmetricKey?.primaryKey ?? '';
  const client = await openModule(test1.hub, deviceConnection(test1.hub, { deviceId, moduleId, key }));
  const twin: Twin = await client.getTwin();
  await new Promise<void>((resolve, reject) => {
    twin.properties.reported.update(patch, (error?: Error) => (error ? reject(error) : resolve()));
  });
  await client.close();
}

describe('when the hub is not well', () => {
  test('a call that hangs is cut at its deadline', async () => {
    const short = createFleetHub(config({ requestTimeoutMs: 200 }));
    test1.hub.setFaults({ rules: [{ operation: 'query', fault: 'hang' }] });
    await expect(short.listDevices('')).rejects.toMatchObject({
      code: 'HUB_UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('no answer within 200 ms') as string,
    });
    short.close();
  });

  test.each([
    [{ fault: 'throttle' as const }, 'HUB_THROTTLED'],
    [{ fault: 'error' as const, status: 503 as const }, 'HUB_UNREACHABLE'],
    [{ fault: 'reset' as const }, 'HUB_UNREACHABLE'],
  ])('%j becomes %s, after exactly one call', async (rule, code) => {
    test1.hub.setFaults({ rules: [rule] });
    const before = test1.hub.calls()['query'] ?? 0;
    await expect(fleet.listDevices('')).rejects.toMatchObject({ code });
    expect((test1.hub.calls()['query'] ?? 0) - before).toBe(1);
  });

  test('setTarget stops at the first failure and says so', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `p${i}`);
    await fleet.provision(ids.map((deviceId) => ({ deviceId, tags: {} })));
    test1.hub.setFaults({ rules: [{ operation: 'twin-update', fault: 'error', deviceId: 'p5' }] });
    await expect(fleet.setTarget(ids, 'm-1')).rejects.toMatchObject({
      code: 'HUB_UNREACHABLE',
      message: expect.stringContaining('p5') as string,
    });
    const targets = await fleet.readTargets(ids);
    expect(targets.get('p5')).toBeNull();
    expect([...targets.values()].filter((target) => target !== null).length).toBeLessThan(39);
  });

  test('nobody there, a wrong key, a wrong CA, a bad condition', async () => {
    const cases: Array<[Partial<HubConfig>, string]> = [
      [{ port: 1 }, 'HUB_UNREACHABLE'],
      [
        { connectionString: 'HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=AAAA' },
        'HUB_REFUSED',
      ],
      [{ caFile: undefined }, 'HUB_UNREACHABLE'],
    ];
    for (const [overrides, code] of cases) {
      const other = createFleetHub(config(overrides));
      await expect(other.listDevices('')).rejects.toMatchObject({ code });
      other.close();
    }
    await expect(fleet.listDevices('tags.a ==')).rejects.toMatchObject({ code: 'HUB_REFUSED' });
    expect(() => createFleetHub(config({ caFile: '/nowhere/ca.pem' }))).toThrow(/hub.caFile/);
  });

  test('with a tier named, the adapter waits for its turns', async () => {
    await fleet.provision(Array.from({ length: 60 }, (_, i) => ({ deviceId: `p${i}`, tags: {} })));
    const careful = createFleetHub(config({ tier: 'S1' }));
    const began = performance.now();
    await careful.setTarget(
      Array.from({ length: 60 }, (_, i) => `p${i}`),
      'm-1',
    );
    // 45 at once, 45 a second from then on: nine tenths of S1.
    expect(performance.now() - began).toBeGreaterThan(300);
    expect(careful.calls()['twin-update']).toBe(60);
    careful.close();
  });
});
