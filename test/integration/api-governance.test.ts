import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { createApi } from '../../src/api/app.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { openApiFixture, type ApiFixture } from '../support/api-deps.ts';
import { digestOf, pipelineVersion, registration } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const BY = { actor: 'ada', reason: 'because' };
const folder = tempFolder('api-governance');
let fixture: ApiFixture;
let db: Kysely<Database>;
let deps: ApiDeps;
let api: ReturnType<typeof createApi>;
const token = randomBytes(16).toString('hex');

beforeAll(async () => {
  fixture = await openApiFixture(folder.path);
  ({ db, deps } = fixture);
  api = createApi(deps);
  await deps.registry.publishPipeline(pipelineVersion(), BY);
  for (const words of ['one', 'two']) await deps.registry.registerModel(registration(words), BY);
}, 120_000);
afterAll(async () => {
  await fixture?.close();
  folder.remove();
});

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await api.request(path, { headers });
  return { status: response.status, body: (await response.json()) as never };
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await api.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as never };
}

describe('roles and search through the API', () => {
  test('with a grant, everybody needs a token, and the role of its owner counts', async () => {
    const { access } = deps;
    const admin = { actor: 'ada', reason: 'test' };
    const everywhere = { project: '*', role: 'admin' } as const;
    await expect(access.grant({ actor: 'bob', project: '*', role: 'viewer' }, admin)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('first grant must make somebody admin'),
    });
    await access.grant({ actor: 'ada', ...everywhere }, admin);
    try {
      await access.grant({ actor: 'bob', project: 'pump-health', role: 'approver' }, admin);
      const bob = await access.createToken({ actor: 'bob' }, admin);
      const ada = await access.createToken({ actor: 'ada' }, admin);
      const stored = await sql<{ row: string }>`select t::text as row from api_tokens t`.execute(db);
      expect(JSON.stringify(stored.rows)).not.toContain(bob.token.slice(-20));
      const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
      const path = '/api/v1/models/pump-health/versions/1';
      expect((await get('/api/v1/models')).status).toBe(403);
      expect((await get('/api/v1/models', bearer('windlass_guess'))).status).toBe(403);
      expect((await get('/api/v1/models', bearer(bob.token))).status).toBe(200);
      expect(await post(`${path}/retire`, { reason: 'old' }, bearer(bob.token))).toMatchObject({
        status: 403,
        body: { error: { message: expect.stringContaining('takes the role operator or admin') } },
      });
      const named = await post(`${path}/approve`, { reason: 'x', actor: 'eve' }, bearer(bob.token));
      expect(named).toMatchObject({
        status: 403,
        body: { error: { message: expect.stringContaining('belongs to bob') } },
      });
      expect(await post(`${path}/approve`, { reason: 'looks right' }, bearer(bob.token))).toMatchObject({
        status: 200,
        body: {
          state: 'approved',
          reviews: [{ actor: 'bob', decision: 'approve', reason: 'looks right' }],
        },
      });
      for (const [start, input] of [
        ['/api/v1/builds', { project: 'a', pipeline: undefined }],
        ['/api/v1/deployments', { model: 'pump-health@1' }],
        ['/api/v1/monitor-runs', { model: 'pump-health' }],
        ['/api/v1/tokens', { actor: 'bob' }],
      ] as const)
        expect([start, await post(start, input, bearer(bob.token))]).toMatchObject([
          start,
          { status: 403, body: { error: { code: 'FORBIDDEN' } } },
        ]);
      await access.grant({ actor: 'bob', project: 'pump-health', role: 'contributor' }, admin);
      const deploy = { policy: 'auto' };
      for (const [start, input] of [
        ['/api/v1/builds', { pipeline: 'pump-health@1', deploy }],
        ['/api/v1/monitor-runs', { model: 'pump-health', deploy }],
      ] as const)
        expect(await post(start, input, bearer(bob.token))).toMatchObject({
          status: 403,
          body: { error: { message: expect.stringContaining('to deploy takes the role operator') } },
        });
      expect((await get('/api/v1/tokens', bearer(bob.token))).status).toBe(403);
      expect((await get('/api/v1/tokens', bearer(ada.token))).body).toHaveLength(2);
      await access.revokeToken(bob.id, admin);
      expect((await get('/api/v1/models', bearer(bob.token))).status).toBe(403);
      // The API's own token is admin, whatever is granted.
      const guarded = createApi({ ...deps, token });
      expect((await guarded.request('/api/v1/models', { headers: bearer(token) })).status).toBe(200);
      await expect(access.revoke({ actor: 'ada', ...everywhere }, admin)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('last admin'),
      });
    } finally {
      await sql`delete from role_grants`.execute(db);
    }
  });

  test('search, alias and tags', async () => {
    const found = async (query: string) =>
      ((await get(`/api/v1/models?${query}`)).body as { version: string }[]).map((m) => m.version);
    const tags = '/api/v1/models/pump-health/versions/1/tags';
    const patch = (body: object) =>
      api.request(tags, {
        method: 'PATCH',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
    expect(await (await patch({ tags: { site: 'north', old: 'x' } })).json()).toEqual({
      old: 'x',
      site: 'north',
    });
    expect(await (await patch({ tags: { old: null } })).json()).toEqual({ site: 'north' });
    expect(await found('tag=site%3Dnorth&metric=f1%3E%3D0.9&metric=confusion.tp%3E10')).toEqual(['1']);
    expect(await found('metric=f1%3E0.9')).toEqual([]);
    expect(await found('text=NORTH')).toEqual(['1']);
    expect(await found('state=rejected')).toEqual([]);
    expect(await found(`digest=${digestOf('onnx two').slice(0, 20)}`)).toEqual(['2']);
    expect(await found('since=2020-01-01&until=2021-01-01')).toEqual([]);
    expect(await get('/api/v1/models?metric=f1')).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('expected a metric, a comparison and a number') } },
    });
    const put = await api.request('/api/v1/models/pump-health/aliases/staging', {
      method: 'PUT',
      body: JSON.stringify({ version: '1', reason: 'try' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await put.json()).toMatchObject({
      name: 'pump-health',
      alias: 'staging',
      version: '1',
      by: 'api',
    });
    expect(
      (await api.request('/api/v1/models/pump-health/aliases/staging', { method: 'DELETE' })).status,
    ).toBe(204);
    expect((await get('/api/v1/models/pump-health/aliases?alias=staging')).body).toMatchObject([
      { version: '1', until: expect.any(String) },
    ]);
  });
});
