import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import pino from 'pino';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createAccess } from '../../src/adapters/postgres/access/access.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createHookDeliveries } from '../../src/adapters/postgres/hooks/hook-deliveries.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createMonitorStore } from '../../src/adapters/postgres/monitoring/monitor-store.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { createPipelineStarter } from '../../src/adapters/temporal/pipeline-starter.ts';
import { createApi } from '../../src/api/app.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createDevServer } from '../support/dev-server.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { digestOf, packagedImage, pipelineVersion, registration } from '../support/registry-fixtures.ts';
import '../support/quiet-temporal.ts';

const BY = { actor: 'ada', reason: 'because' };
let env: TestWorkflowEnvironment;
let database: TestDatabase;
let db: Kysely<Database>;
let dir = '';
let deps: ApiDeps;
let api: ReturnType<typeof createApi>;
const log: string[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-api-'));
  env = await createDevServer();
  database = await createTestDatabase();
  db = openDatabase(database.url);
  const clock = systemClock;
  deps = {
    registry: createRegistry(db, clock),
    access: createAccess(db, clock),
    artefacts: createFileArtefactStore(dir),
    rollouts: createRolloutStore(db, clock),
    reports: createMonitorStore(db),
    hooks: {
      settings: { debounceSeconds: 1 },
      triggers: [],
      deliveries: createHookDeliveries(db, clock),
      clock,
    },
    mlflow: createMlflowStores(db, clock),
    temporal: env.client,
    starter: createPipelineStarter(env.client),
    probes: {
      database: () => sql`select 1`.execute(db),
      temporal: () => env.client.workflowService.getSystemInfo({}),
    },
    logger: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
  };
  api = createApi(deps);
  await deps.registry.publishPipeline(pipelineVersion(), BY);
  await deps.registry.recordData(registration().data, [{ path: 'p/1.csv', sha256: 'f1', rows: 1000 }]);
  for (const words of ['one', 'two']) await deps.registry.registerModel(registration(words), BY);
  await deps.registry.setAlias({ name: 'pump-health', alias: 'champion', version: '2' }, BY);
}, 120_000);
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
  await env?.teardown();
  rmSync(dir, { recursive: true, force: true });
});

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await api.request(path, { headers });
  return { status: response.status, body: (await response.json()) as never, headers: response.headers };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await api.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as never, headers: response.headers };
}

describe('system', () => {
  test('alive, ready, and counted by route', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await get('/readyz')).toMatchObject({
      status: 200,
      body: { ready: true, parts: { database: 'ok', temporal: 'ok' } },
    });
    await get('/api/v1/models/pump-health/versions/1');
    const text = await (await api.request('/metrics')).text();
    expect(text).toMatch(
      /windlass_http_requests_total\{method="GET",route="\/api\/v1\/models\/:name\/versions\/:version",status="200"\} 1/,
    );
    expect(text).toContain('process_cpu_seconds_total');
  });

  test('not ready says which part does not answer', async () => {
    const broken = createApi({
      ...deps,
      probes: { ...deps.probes, database: () => Promise.reject(new Error('no answer')) },
    });
    const response = await broken.request('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, parts: { database: 'no answer', temporal: 'ok' } });
  });

  test('the OpenAPI document lists every route with its body', async () => {
    const { body } = await get('/openapi.json');
    const { paths } = body as { paths: Record<string, Record<string, { requestBody?: unknown }>> };
    expect(Object.keys(paths).sort()).toEqual([
      '/api/v1/artefacts/{digest}',
      '/api/v1/audit',
      '/api/v1/audit/verify',
      '/api/v1/builds',
      '/api/v1/data-events',
      '/api/v1/deployments',
      '/api/v1/devices/{id}/history',
      '/api/v1/hooks/git/{provider}',
      '/api/v1/models',
      '/api/v1/models/{name}/aliases',
      '/api/v1/models/{name}/aliases/{alias}',
      '/api/v1/models/{name}/versions/{version}',
      '/api/v1/models/{name}/versions/{version}/approve',
      '/api/v1/models/{name}/versions/{version}/archive',
      '/api/v1/models/{name}/versions/{version}/lineage',
      '/api/v1/models/{name}/versions/{version}/reject',
      '/api/v1/models/{name}/versions/{version}/restore',
      '/api/v1/models/{name}/versions/{version}/retire',
      '/api/v1/models/{name}/versions/{version}/tags',
      '/api/v1/monitor-runs',
      '/api/v1/pipelines',
      '/api/v1/pipelines/{name}/versions/{version}',
      '/api/v1/reports',
      '/api/v1/roles',
      '/api/v1/rollouts',
      '/api/v1/rollouts/{id}',
      '/api/v1/rollouts/{id}/abort',
      '/api/v1/rollouts/{id}/approve',
      '/api/v1/rollouts/{id}/pause',
      '/api/v1/rollouts/{id}/resume',
      '/api/v1/tokens',
      '/api/v1/tokens/{id}',
      '/api/v1/workflows/{id}',
      '/healthz',
      '/metrics',
      '/readyz',
    ]);
    expect(JSON.stringify(paths['/api/v1/deployments']?.post?.requestBody)).toContain('successThreshold');
  });

  test('each request has an id, in the answer and in the log', async () => {
    const { headers } = await get('/api/v1/audit', { 'x-request-id': 'my-request.1' });
    expect(headers.get('x-request-id')).toBe('my-request.1');
    expect(
      log.some((line) => line.includes('"requestId":"my-request.1"') && line.includes('"status":200')),
    ).toBe(true);
    const odd = await get('/api/v1/audit', { 'x-request-id': 'a b\tc' });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('published pipelines are listed and shown; one that is not there is NOT_FOUND', async () => {
  const published = { name: 'pump-health', version: '1', digest: digestOf('pipeline first') };
  expect((await get('/api/v1/pipelines?name=pump-health')).body).toMatchObject([published]);
  expect((await get('/api/v1/pipelines?name=other')).body).toEqual([]);
  expect((await get('/api/v1/pipelines/pump-health/versions/latest')).body).toMatchObject(published);
  expect(await get('/api/v1/pipelines/pump-health/versions/9')).toMatchObject({
    status: 404,
    body: { error: { code: 'NOT_FOUND' } },
  });
});

describe('the start page', () => {
  test('each link leads to an answer, and who asks for JSON gets JSON', async () => {
    const { status, body } = await get('/', { accept: 'application/json' });
    expect(status).toBe(200);
    const { links } = body as { links: { href: string }[] };
    expect(links.length).toBeGreaterThan(5);
    for (const { href } of links) expect([href, (await api.request(href)).status]).toEqual([href, 200]);
  });

  test('the page needs no token, says no more than the links, and escapes what it is given', async () => {
    const temporalUi = 'http://ui.example/"><script>';
    const open = createApi({ ...deps, temporalUi, token: randomBytes(16).toString('hex') });
    const response = await open.request('/', { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const text = await response.text();
    expect(text).toContain('<a href="/openapi.json">');
    expect(text).toContain('<a href="http://ui.example/&quot;&gt;&lt;script&gt;">Temporal UI</a>');
    expect(text).not.toContain('pump-health');
    expect((await open.request('/', { headers: { host: 'evil.example' } })).status).toBe(200);
    expect((await api.request('/', { headers: { host: 'evil.example' } })).status).toBe(403);
  });
});

describe('who may call', () => {
  const token = randomBytes(16).toString('hex');
  test('with a token set, every route but the health checks needs it', async () => {
    const guarded = createApi({ ...deps, token });
    const call = async (path: string, authorization?: string) =>
      (await guarded.request(path, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect(await call('/healthz')).toBe(200);
    for (const path of ['/api/v1/models', '/metrics', '/openapi.json', '/nowhere']) {
      expect(await call(path)).toBe(403);
      expect(await call(path, `Bearer ${token}x`)).toBe(403);
      expect(await call(path, `Basic ${token}`)).toBe(403);
    }
    expect(await call('/api/v1/models', `Bearer ${token}`)).toBe(200);
    expect(await call('/api/v1/models', `bearer ${token}`)).toBe(200);
  });

  test('without a token, only under a name of this machine', async () => {
    for (const host of ['localhost:8787', '127.0.0.1', '[::1]:8787'])
      expect((await get('/api/v1/models', { host })).status).toBe(200);
    for (const host of ['evil.example', 'evil.example:8787', '127.0.0.1.evil.example', '10.0.0.1'])
      expect(await get('/api/v1/models', { host })).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN' } },
      });
  });

  test('a web form cannot post', async () => {
    const { status, body } = await post('/api/v1/builds', '{"project":"x"}', {
      'content-type': 'text/plain',
    });
    expect([status, body]).toMatchObject([400, { error: { code: 'INPUT_INVALID' } }]);
  });
});

describe('models', () => {
  test('lists, by alias, data file and limit', async () => {
    const versions = async (query: string) =>
      ((await get(`/api/v1/models${query}`)).body as { version: string }[]).map((m) => m.version);
    expect(await versions('')).toEqual(['2', '1']);
    expect(await versions('?alias=champion')).toEqual(['2']);
    expect(await versions('?data=f1')).toEqual(['2', '1']);
    expect(await versions('?limit=1')).toEqual(['2']);
    const first = ((await get('/api/v1/models?limit=1')).body as object[])[0];
    expect(Object.keys(first ?? {})).toEqual([
      'name',
      'version',
      'digest',
      'state',
      'aliases',
      'metrics',
      'createdAt',
    ]);
  });

  test('one version, by number or alias', async () => {
    expect((await get('/api/v1/models/pump-health/versions/1')).body).toMatchObject({
      version: '1',
      image: null,
    });
    expect((await get('/api/v1/models/pump-health/versions/champion')).body).toMatchObject({
      version: '2',
      aliases: ['champion'],
    });
    expect(await get('/api/v1/models/pump-health/versions/9')).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'NOT_FOUND',
          message: 'There is no model version pump-health@9; the newest are 2 (champion), 1.',
        },
      },
    });
  });

  test('what an alias meant on a date', async () => {
    expect((await get('/api/v1/models/pump-health/aliases/champion')).body).toMatchObject({
      version: '2',
      by: 'ada',
      reason: 'because',
    });
    expect((await get('/api/v1/models/pump-health/aliases/champion?at=2001-01-01')).status).toBe(404);
    expect(await get('/api/v1/models/pump-health/aliases/champion?at=yesterday')).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('at: expected a time') } },
    });
  });

  test.each([
    ['/api/v1/models?limit=0', /limit: /],
    ['/api/v1/models?colour=red', /colour: there is no such field/],
    ['/api/v1/models/Pump!/versions/1', /name: expected lower-case/],
    ['/api/v1/artefacts/sha256:abc', /digest: expected sha256/],
  ])('%s is refused', async (path, message) => {
    expect(await get(path)).toMatchObject({
      status: 400,
      body: { error: { code: 'INPUT_INVALID', message: expect.stringMatching(message) } },
    });
  });

  test('audit events by subject, and a route that is not there', async () => {
    const events = (await get('/api/v1/audit?subject=model/pump-health@2')).body as { action: string }[];
    expect(events.map((e) => e.action)).toEqual(['alias.set', 'model.registered']);
    expect((await get('/api/v1/audit/verify')).body).toMatchObject({ ok: true, entries: expect.any(Number) });
    expect(await get('/api/v1/nothing')).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    });
    expect((await get('/api/v1/reports')).body).toEqual([]);
  });
});

describe('artefacts', () => {
  test('come with their type, a digest as ETag, and no power over the site', async () => {
    const { digest } = await deps.artefacts.put('<h1>report</h1>', 'text/html');
    const response = await api.request(`/api/v1/artefacts/${digest}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('<h1>report</h1>');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': '15',
      etag: `"${digest}"`,
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
      'content-disposition': 'inline',
      'x-content-type-options': 'nosniff',
    });
    const again = await api.request(`/api/v1/artefacts/${digest}`, {
      headers: { 'if-none-match': `"${digest}"` },
    });
    expect(again.status).toBe(304);
    const model = await deps.artefacts.put('onnx', 'application/octet-stream');
    const download = await api.request(`/api/v1/artefacts/${model.digest}`);
    expect(download.headers.get('content-disposition')).toMatch(/^attachment/);
    await download.arrayBuffer();
    expect((await get(`/api/v1/artefacts/${digestOf('none')}`)).status).toBe(404);
    // Bytes that were given out are in the trail: once each, the 304 gave none.
    expect(await deps.registry.audit({ subject: `artefact/${digest}` })).toMatchObject([
      { action: 'artefact.read', actor: 'api', details: { mediaType: 'text/html', size: 15 } },
    ]);
  });
});

describe('workflows', () => {
  const input = async (workflowId: string) => {
    const history = await env.client.workflow.getHandle(workflowId).fetchHistory();
    const payload = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    return JSON.parse(Buffer.from(payload ?? []).toString()) as Record<string, unknown>;
  };

  test.each([
    ['/api/v1/builds', 'buildAndTrain', { data: 'data/pumps' }, { data: 'data/pumps', ref: 'HEAD' }],
    [
      '/api/v1/deployments',
      'packageAndDeploy',
      { model: 'pump-health@2' },
      { model: 'pump-health@2', packageOnly: false },
    ],
    ['/api/v1/monitor-runs', 'monitorAndRetrain', {}, { model: 'pump-health', force: false }],
  ])(
    'POST %s starts %s',
    async (path, workflow, body, expected) => {
      const { status, body: answer, headers } = await post(path, body);
      expect(status).toBe(202);
      const { workflowId, runId } = answer as { workflowId: string; runId: string };
      const description = await env.client.workflow.getHandle(workflowId).describe();
      expect([description.type, description.runId, description.taskQueue]).toEqual([
        workflow,
        runId,
        'control',
      ]);
      expect(await input(workflowId)).toMatchObject(expected);
      expect((await get(headers.get('location') ?? '')).body).toMatchObject({
        workflowId,
        workflow,
        status: 'RUNNING',
        progress: null,
      });
    },
    30_000,
  );

  test('the same idempotency key starts once', async () => {
    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const runs = await Promise.all([1, 2, 3].map(() => post('/api/v1/builds', {}, headers)));
    expect(new Set(runs.map((r) => (r.body as { runId: string }).runId)).size).toBe(1);
    expect(runs.map((r) => r.status)).toEqual([202, 202, 202]);
  });

  test('a second start with the same id is CONFLICT while the first runs', async () => {
    const start = { workflow: 'buildAndTrain', workflowId: 'taken', input: {} } as const;
    await deps.starter.start(start);
    await expect(deps.starter.start(start)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a wrong input names each field, and starts nothing', async () => {
    const { status, body } = await post('/api/v1/deployments', { modle: 'x', rollout: { soakSeconds: -1 } });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: 'INPUT_INVALID', details: { example: { model: 'pump-health@3' } } },
    });
    expect((body as { error: { message: string } }).error.message).toMatch(
      /rollout\.soakSeconds: .*got -1.*modle: there is no such field; did you mean "model"\?/,
    );
    expect((await post('/api/v1/builds', '{"project":')).status).toBe(400);
    expect((await post('/api/v1/builds', '[]')).body).toMatchObject({
      error: { message: expect.stringContaining('expected one JSON object, got []') },
    });
    expect((await post('/api/v1/builds', { reason: 'x'.repeat(2_000_000) })).status).toBe(400);
  });

  test('data events go to one coordinator per model', async () => {
    const event = { model: 'pump-health', data: 'data/new', id: 'e1' };
    const first = await post('/api/v1/data-events', event);
    const second = await post('/api/v1/data-events', { ...event, id: 'e2' });
    expect(first).toMatchObject({ status: 202, body: { workflowId: 'retrain-coordinator-pump-health' } });
    expect((second.body as { runId: string }).runId).toBe((first.body as { runId: string }).runId);
    const { events } = await env.client.workflow.getHandle('retrain-coordinator-pump-health').fetchHistory();
    expect(events?.filter((e) => e.workflowExecutionSignaledEventAttributes)).toHaveLength(2);
    expect(await post('/api/v1/data-events', { ...event, model: 'pump-helth' })).toMatchObject({
      status: 404,
      body: { error: { message: 'No version of the model "pump-helth" is registered.' } },
    });
  });
});

describe('rollouts', () => {
  const rolloutId = 'rollout-pump-health-2-test';

  test('how it stands, where it went, and each way to steer it', async () => {
    const options = { workflowId: rolloutId, taskQueue: 'steered' };
    const handle = await env.client.workflow.start('steered', options);
    const image = packagedImage();
    await deps.registry.recordImage({ name: 'pump-health', version: '2' }, image, BY);
    const store = createRolloutStore(db, systemClock);
    await store.create(
      {
        rolloutId,
        model: 'pump-health',
        version: '2',
        modelDigest: digestOf('model'),
        ...BY,
        image: image.reference,
        imageDigest: image.digest,
        condition: '',
        previous: null,
        policy: rolloutPolicySchema.parse(undefined),
        workflowId: rolloutId,
        runId: handle.firstExecutionRunId,
      },
      [
        { deviceId: 'pump-1', ring: 0, stratum: 'a', redundancyGroup: null },
        { deviceId: 'pump-2', ring: 2, stratum: 'a', redundancyGroup: null },
      ],
    );
    await store.openRing(rolloutId, 0);
    await store.saveBaselines(rolloutId, [{ deviceId: 'pump-1', target: null, restarts: 0 }]);
    await store.markOffered(rolloutId, 0, ['pump-1']);

    expect((await get('/api/v1/rollouts?model=pump-health')).body).toMatchObject([{ rolloutId }]);
    expect((await get(`/api/v1/rollouts/${rolloutId}`)).body).toMatchObject({
      version: '2',
      assigned: [{ deviceId: 'pump-1' }, { deviceId: 'pump-2' }],
    });
    expect((await get('/api/v1/devices/pump-1/history')).body).toMatchObject([
      { model: 'pump-health', version: '2', rolloutId, ring: 'canary', until: null },
    ]);
    expect((await get('/api/v1/devices/pump-2/history')).status).toBe(404);
    expect((await get('/api/v1/models/pump-health/versions/2/lineage')).body).toMatchObject({
      model: { name: 'pump-health', version: '2' },
      commit: 'commit-first',
      data: [{ path: 'p/1.csv', sha256: 'f1' }],
      image: { digest: image.digest },
      deployments: [{ rolloutId, outcome: 'running' }],
      devices: ['pump-1'],
    });

    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: 'steered',
      workflowsPath: fileURLToPath(new URL('../support/workflows/steered.ts', import.meta.url)),
    });
    const steer = (action: string, body: object) => post(`/api/v1/rollouts/${rolloutId}/${action}`, body);
    await worker.runUntil(async () => {
      expect(await steer('resume', BY)).toMatchObject({
        status: 409,
        body: { error: { code: 'CONFLICT', message: 'ada, the rollout is not paused' } },
      });
      expect(await steer('pause', BY)).toMatchObject({
        status: 200,
        body: { rolloutId, action: 'pause', status: ['pause by ada: because'] },
      });
      expect((await steer('resume', BY)).status).toBe(200);
      expect((await steer('approve', { ...BY, ring: 'fleet' })).status).toBe(200);
      expect(await steer('approve', BY)).toMatchObject({
        status: 400,
        body: { error: { message: /ring: / } },
      });
      expect(await steer('abort', { ...BY, mode: 'explode' })).toMatchObject({ status: 400 });
      expect(await steer('abort', { actor: 'ada' })).toMatchObject({
        status: 400,
        body: { error: { message: /reason: / } },
      });
      expect((await steer('abort', BY)).status).toBe(200);
      await handle.result();
      expect(await steer('pause', BY)).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
    });
    expect((await post('/api/v1/rollouts/none/pause', BY)).status).toBe(404);
  }, 60_000);
});

test('what nobody foresaw is INTERNAL with the request id, and its words stay in the log', async () => {
  const failing = createApi({
    ...deps,
    registry: { ...deps.registry, audit: () => Promise.reject(new Error('secret words')) },
  });
  const response = await failing.request('/api/v1/audit', { headers: { 'x-request-id': 'r-77' } });
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({
    error: { code: 'INTERNAL', message: expect.stringContaining('r-77') },
  });
  expect(text).not.toContain('secret words');
  expect(log.some((line) => line.includes('secret words') && line.includes('r-77'))).toBe(true);
});
