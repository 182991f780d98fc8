import iotCommon from 'azure-iot-common';
import iothub from 'azure-iothub';
import { eventually, hubCall, startTestHub, type HubAnswer, type TestHub } from '../support/iot-hub.ts';

let test1: TestHub;
beforeAll(async () => {
  test1 = await startTestHub();
});
afterAll(() => test1.stop());

interface HubFailure extends Error {
  readonly response: { readonly statusCode: number; readonly headers: Record<string, string> };
  readonly responseBody: string;
}

async function failure(call: Promise<unknown>): Promise<HubFailure> {
  try {
    await call;
  } catch (error) {
    return error as HubFailure;
  }
  throw new Error('expected the call to fail');
}

const edge = (deviceId: string): iothub.Registry.DeviceDescription => ({
  deviceId,
  capabilities: { iotEdge: true },
});

/** The client's promise form of this call does not take a module. */
function removeModule(module: iothub.Module): Promise<void> {
  return new Promise((resolve, reject) => {
    test1.registry.removeModule(module, (error) => (error ? reject(error) : resolve()));
  });
}

async function rows(text: string, pageSize = 100): Promise<Array<Record<string, unknown>>> {
  const query = test1.registry.createQuery(text, pageSize);
  const all: Array<Record<string, unknown>> = [];
  // the promise form of next() goes on from the token that it is given, not from its own
  for (let token: string | undefined; query.hasMoreResults; token = query.continuationToken) {
    const page = token === undefined ? await query.next() : await query.next(token);
    all.push(...(page.result as Array<Record<string, unknown>>));
  }
  return all;
}

describe('identities', () => {
  test('a device is created with keys, read, updated, and deleted', async () => {
    const { registry } = test1;
    const made = (await registry.create({ deviceId: 'id:1' })).responseBody;
    expect(Buffer.from(made.authentication?.symmetricKey?.primaryKey ?? '', 'base64')).toHaveLength(32);
    expect(made).toMatchObject({ deviceId: 'id:1', status: 'enabled', connectionState: 'Disconnected' });
    const updated = (await registry.update({ ...made, status: 'disabled', statusReason: 'repair' }))
      .responseBody;
    expect(updated).toMatchObject({ status: 'disabled', statusReason: 'repair' });
    expect(updated.authentication?.symmetricKey?.primaryKey).toBe(
      made.authentication?.symmetricKey?.primaryKey,
    );
    await registry.delete('id:1');
    const gone = await failure(registry.get('id:1'));
    expect(gone.name).toBe('DeviceNotFoundError');
    expect(gone.response.headers['iothub-errorcode']).toBe('DeviceNotFound');
    expect(JSON.parse(gone.responseBody)).toMatchObject({
      Message: 'ErrorCode:DeviceNotFound;Device id:1 is not registered.',
    });
  });

  test('an id is given once', async () => {
    await test1.registry.create({ deviceId: 'twice' });
    expect((await failure(test1.registry.create({ deviceId: 'twice' }))).name).toBe(
      'DeviceAlreadyExistsError',
    );
  });

  test('an IoT Edge device has $edgeAgent and $edgeHub, and modules of its own', async () => {
    const { registry } = test1;
    await registry.create(edge('edge-1'));
    const module = (await registry.addModule({ deviceId: 'edge-1', moduleId: 'scorer' })).responseBody as {
      etag: string;
    };
    const found = (await registry.getModulesOnDevice('edge-1')).responseBody;
    expect(found.map((m) => m.moduleId)).toEqual(['$edgeAgent', '$edgeHub', 'scorer']);
    const stale = { deviceId: 'edge-1', moduleId: 'scorer', etag: 'AAAA' };
    expect((await failure(removeModule(stale))).response.statusCode).toBe(412);
    await removeModule({ ...stale, etag: module.etag });
    expect((await failure(registry.getModule('edge-1', 'scorer'))).response.statusCode).toBe(404);
  });

  test('bulk creates with tags, and says which devices it could not create', async () => {
    const { registry } = test1;
    const devices = Array.from({ length: 100 }, (_, i) => ({
      ...edge(`bulk-${i}`),
      tags: { site: i % 2 === 0 ? 'even' : 'odd' },
    }));
    expect((await registry.addDevices(devices)).responseBody.isSuccessful).toBe(true);
    expect(await rows("SELECT COUNT() AS n FROM devices WHERE tags.site = 'even'")).toEqual([{ n: 50 }]);
    const items = ['bulk-7', 'bulk-new'].map((id) => ({
      id,
      importMode: 'create',
      capabilities: { iotEdge: true },
    }));
    expect(await hubCall(test1.hub, 'POST /devices', { body: items })).toMatchObject({
      status: 400,
      body: { isSuccessful: false, errors: [{ deviceId: 'bulk-7', errorCode: 'DeviceAlreadyExists' }] },
    });
    expect((await registry.get('bulk-new')).responseBody.capabilities).toEqual({ iotEdge: true });
    await registry.removeDevices([...devices, edge('bulk-new')].slice(0, 100), true);
    expect(await rows("SELECT COUNT() AS n FROM devices WHERE STARTSWITH(deviceId, 'bulk-')")).toEqual([
      { n: 1 },
    ]);
  });

  test('statistics count devices', async () => {
    const before = (await test1.registry.getRegistryStatistics()).responseBody;
    await test1.registry.create({ deviceId: 'counted', status: 'disabled' });
    const after = (await test1.registry.getRegistryStatistics()).responseBody;
    expect(after.totalDeviceCount).toBe(before.totalDeviceCount + 1);
    expect(after.disabledDeviceCount).toBe(before.disabledDeviceCount + 1);
  });
});

describe('twins', () => {
  test('a patch merges, null deletes, versions and etags go on', async () => {
    const { registry } = test1;
    await registry.create({ deviceId: 'twin-1' });
    const first = (await registry.getTwin('twin-1')).responseBody;
    expect(first.etag).toBe('AAAAAAAAAAE=');
    const patch = {
      tags: { site: 'a', rack: 1 },
      properties: { desired: { rate: 5, mode: { slow: true } } },
    };
    const second = (await registry.updateTwin('twin-1', patch, first.etag)).responseBody;
    expect(second.etag).toBe('AAAAAAAAAAI=');
    const third = (
      await registry.updateTwin(
        'twin-1',
        { tags: { rack: null }, properties: { desired: { rate: null } } },
        '*',
      )
    ).responseBody;
    expect(third.tags).toEqual({ site: 'a' });
    expect(third.properties.desired).toMatchObject({ mode: { slow: true }, $version: 3 });
    expect(third.properties.desired).not.toHaveProperty('rate');
  });

  test('an etag of yesterday is refused, and nothing is changed', async () => {
    const { registry } = test1;
    await registry.create({ deviceId: 'twin-2' });
    await registry.updateTwin('twin-2', { tags: { a: 1 } }, 'AAAAAAAAAAE=');
    const stale = await failure(registry.updateTwin('twin-2', { tags: { a: 2 } }, 'AAAAAAAAAAE='));
    expect(stale.name).toBe('InvalidEtagError');
    expect((await registry.getTwin('twin-2')).responseBody.tags).toEqual({ a: 1 });
  });

  test('tags beyond 8 KB are refused', async () => {
    await test1.registry.create({ deviceId: 'twin-3' });
    const large = { tags: { a: 'x'.repeat(4000), b: 'x'.repeat(4000), c: 'x'.repeat(400) } };
    const refused = await failure(test1.registry.updateTwin('twin-3', large, '*'));
    expect(refused.response.statusCode).toBe(400);
    expect(refused.message).toContain('at most 8192');
  });

  test('a module has a twin of its own', async () => {
    const { registry } = test1;
    await registry.create(edge('twin-4'));
    await registry.updateModuleTwin('twin-4', '$edgeAgent', { properties: { desired: { x: 1 } } }, '*');
    expect(
      (await registry.getModuleTwin('twin-4', '$edgeAgent')).responseBody.properties.desired,
    ).toMatchObject({
      x: 1,
    });
    const absent = await failure(registry.getModuleTwin('twin-4', 'none'));
    expect(absent.response.headers['iothub-errorcode']).toBe('ModuleNotFound');
  });
});

describe('queries', () => {
  test('pages do not lose or repeat a device', async () => {
    const devices = Array.from({ length: 25 }, (_, i) => ({
      deviceId: `page-${i}`,
      tags: { batch: 'page' },
    }));
    await test1.registry.addDevices(devices);
    const found = await rows("SELECT deviceId FROM devices WHERE tags.batch = 'page'", 7);
    expect(found.map((row) => row['deviceId'])).toEqual(devices.map((d) => d.deviceId).sort());
  });

  test('a bad query says where it is wrong', async () => {
    const refused = await failure(test1.registry.createQuery('SELECT * FROM devices WHERE tags.a =').next());
    expect(refused.name).toBe('ArgumentError');
    expect(refused.message).toContain('position 36');
  });

  test('a continuation token of another query is refused', async () => {
    const first = await test1.registry.createQuery('SELECT deviceId FROM devices', 2).next();
    const token = String(first.message?.headers['x-ms-continuation']);
    const other = test1.registry.createQuery('SELECT * FROM devices', 2).next(token);
    expect((await failure(other)).response.statusCode).toBe(400);
  });

  test('queries lag behind reads as long as they are told to', async () => {
    const lagging = await startTestHub({ queryLagMs: 400 });
    try {
      await lagging.registry.create({ deviceId: 'late' });
      const ask = async (): Promise<unknown[]> =>
        (await lagging.registry.createQuery('SELECT deviceId FROM devices').next()).result as unknown[];
      expect(await ask()).toEqual([]);
      expect((await lagging.registry.get('late')).responseBody.deviceId).toBe('late');
      expect(await eventually(ask, (found) => found.length > 0)).toEqual([{ deviceId: 'late' }]);
    } finally {
      await lagging.stop();
    }
  });
});

describe('authority', () => {
  test('a wrong key, an unknown policy and an expired token are refused', async () => {
    const { hub } = test1;
    const key = /SharedAccessKey=(.*)$/.exec(hub.connectionString)?.[1] ?? '';
    const soon = Math.ceil(Date.now() / 1000) + 60;
    const status = async (policy: string, signingKey: string, expiry: number): Promise<number> => {
      const authorization = iothub.SharedAccessSignature.create(
        'localhost',
        policy,
        signingKey,
        expiry,
      ).toString();
      return (await hubCall(hub, 'GET /devices', { authorization })).status;
    };
    expect(await status('iothubowner', key, soon)).toBe(200);
    expect(await status('iothubowner', Buffer.from('other').toString('base64'), soon)).toBe(401);
    expect(await status('iothubowner', key, soon - 120)).toBe(401);
    expect(await status('nobody', key, soon)).toBe(401);
    expect((await hubCall(hub, 'GET /devices', { authorization: '' })).status).toBe(401);
  });

  test('a device may keep its own modules with its own key, and nothing else', async () => {
    const { hub, registry } = test1;
    const made = (await registry.create(edge('own-1'))).responseBody;
    await registry.create(edge('own-2'));
    const key = made.authentication?.symmetricKey?.primaryKey ?? '';
    const soon = Math.ceil(Date.now() / 1000) + 60;
    const sas = iotCommon.SharedAccessSignature.create(
      'localhost%2Fdevices%2Fown-1',
      '',
      key,
      soon,
    ).toString();
    const call = async (line: string): Promise<number> =>
      (await hubCall(hub, line, { authorization: sas })).status;
    expect(await call('GET /devices/own-1/modules')).toBe(200);
    expect(await call('GET /devices/own-2/modules')).toBe(401);
    expect(await call('GET /devices/own-1')).toBe(401);
    expect(await call('GET /configurations')).toBe(401);
  });

  test('a call without a known api-version, or to a path that is none, is refused', async () => {
    const { hub } = test1;
    expect(await hubCall(hub, 'GET /devices', { query: '' })).toMatchObject({
      status: 400,
      errorCode: 'InvalidProtocolVersion',
    });
    expect(await hubCall(hub, 'GET /nothing', {})).toMatchObject({ status: 404 });
    expect(await hubCall(hub, 'POST /devices/query', { body: 'not a query' })).toMatchObject({ status: 400 });
  });
});

describe('faults', () => {
  afterEach(() => test1.hub.setFaults({}));
  const set = (body: object): Promise<HubAnswer> => hubCall(test1.hub, 'POST /$stand-in/faults', { body });

  test('an operation is throttled for as many calls as told', async () => {
    expect(
      (await set({ rules: [{ operation: 'query', fault: 'throttle', retryAfterSeconds: 7, count: 1 }] }))
        .status,
    ).toBe(200);
    const throttled = await failure(test1.registry.createQuery('SELECT * FROM devices').next());
    expect(throttled.name).toBe('ThrottlingError');
    expect(throttled.response.headers['retry-after']).toBe('7');
    await test1.registry.getRegistryStatistics();
    await test1.registry.createQuery('SELECT COUNT() AS n FROM devices').next();
  });

  test('errors, resets and a hub that is down; the switch itself always answers', async () => {
    await set({ rules: [{ fault: 'error', status: 503 }] });
    expect((await failure(test1.registry.list())).name).toBe('ServiceUnavailableError');
    await set({ rules: [{ fault: 'reset' }] });
    expect((await failure(test1.registry.list())).message).toMatch(/hang up|ECONNRESET/);
    await set({ down: true });
    expect((await failure(test1.registry.list())).message).toMatch(/hang up|ECONNRESET/);
    expect(await hubCall(test1.hub, 'GET /$stand-in/faults', {})).toMatchObject({ body: { down: true } });
    expect((await hubCall(test1.hub, 'DELETE /$stand-in/faults', {})).status).toBe(200);
    expect((await test1.registry.list()).responseBody.length).toBeGreaterThan(0);
  });

  test('a bad fault is refused with its field', async () => {
    const refused = await set({ rules: [{ fault: 'explode' }] });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('rules.0.fault');
  });

  test('a tier’s limit throttles', async () => {
    await set({ tier: 'S1' });
    const answers = await Promise.all(
      Array.from({ length: 25 }, () =>
        hubCall(test1.hub, 'POST /devices/query', { body: { query: 'SELECT * FROM devices' } }),
      ),
    );
    const refused = answers.filter((answer) => answer.status === 429).length;
    expect(refused).toBeGreaterThanOrEqual(4);
    expect(refused).toBeLessThanOrEqual(5);
    await set({ tier: 'none' });
  });
});
