import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { createApi } from '../../src/api/app.ts';
import { openApiFixture, type ApiFixture } from '../support/api-deps.ts';
import { pipelineVersion, registration } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

/**
 * The API behind a real socket, as strangers meet it: tokens, limits, and clients that do not
 * behave.
 */
const folder = tempFolder('api-socket');
const ADMIN = { actor: 'ada', reason: 'test' };
let fixture: ApiFixture;
let server: ReturnType<typeof serve>;
let port = 0;
const sockets = new Set<Socket>();

beforeAll(async () => {
  fixture = await openApiFixture(folder.path);
  const { registry, access } = fixture.deps;
  await registry.publishPipeline(pipelineVersion(), ADMIN);
  await registry.registerModel(registration('one'), ADMIN);
  await access.grant({ actor: 'ada', project: '*', role: 'admin' }, ADMIN);
  server = serve({ fetch: createApi(fixture.deps).fetch, hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
}, 120_000);
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await fixture.close();
  folder.remove();
});

/** A bearer header of somebody new with this role on `pump-health`. */
async function caller(actor: string, role: 'viewer' | 'contributor'): Promise<{ authorization: string }> {
  await fixture.deps.access.grant({ actor, project: 'pump-health', role }, ADMIN);
  const { token } = await fixture.deps.access.createToken({ actor }, ADMIN);
  return { authorization: `Bearer ${token}` };
}

async function call(path: string, headers: Record<string, string> = {}, body?: unknown) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = (await response.json()) as { error?: { code: string } };
  return { status: response.status, code: answer.error?.code };
}

function open(): { socket: Socket; said: () => string } {
  const socket = connect(port, '127.0.0.1');
  sockets.add(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined); // the server may cut it off
  return { socket, said: () => text };
}

/** Sends bytes as they are and gives all that comes back until the server closes. */
async function raw(bytes: string): Promise<string> {
  const { socket, said } = open();
  socket.write(bytes);
  await once(socket, 'close');
  return said();
}

test('callers with tokens: none, a guessed one, a viewer, a contributor', async () => {
  const models = '/api/v1/models';
  const retire = '/api/v1/models/pump-health/versions/1/retire';
  const viewer = await caller('vic', 'viewer');
  const contributor = await caller('carol', 'contributor');
  expect(await call(models)).toEqual({ status: 403, code: 'FORBIDDEN' });
  expect(await call(models, { authorization: 'Bearer windlass_guess' })).toEqual({
    status: 403,
    code: 'FORBIDDEN',
  });
  expect((await call(models, viewer)).status).toBe(200);
  for (const headers of [viewer, contributor])
    expect(await call(retire, headers, { reason: 'old' })).toEqual({ status: 403, code: 'FORBIDDEN' });
  const version = await fixture.deps.registry.model('pump-health', '1');
  expect(version?.state).not.toBe('retired');
});

test('a name that is not this machine is refused, whatever address it leads to', async () => {
  const answer = await raw('GET /api/v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  expect(answer).toContain('FORBIDDEN');
});

test('headers beyond the limit end the connection, and the next client is served', async () => {
  const long = 'x'.repeat(32 * 1024);
  expect(await raw(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ${long}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 /,
  );
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

test('a body beyond the limit is refused, also when its length is not told', async () => {
  const { token } = await fixture.deps.access.createToken({ actor: 'ada' }, ADMIN);
  const type = `Content-Type: application/json\r\nAuthorization: Bearer ${token}`;
  const head = `POST /api/v1/builds HTTP/1.1\r\nHost: localhost\r\n${type}\r\n`;
  const body = `{"project":"${'x'.repeat(1_100_000)}"}`;
  const told = await raw(`${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  expect(told).toMatch(/^HTTP\/1\.1 400 /);
  expect(told).toContain('INPUT_INVALID');
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const chunked = await raw(`${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
  expect(chunked).toMatch(/^HTTP\/1\.1 400 /);
  expect(chunked).toContain('INPUT_INVALID');
});

test('what is no HTTP is answered with 400', async () => {
  expect(await raw('\u0016\u0003\u0001 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('clients that never finish keep nobody waiting, and may come back', async () => {
  const slow = Array.from({ length: 40 }, () => open());
  for (const { socket } of slow)
    socket.write('POST /api/v1/builds HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"pro');
  for (const { socket } of slow) if (socket.readyState !== 'open') await once(socket, 'connect');
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect(slow.map(({ said }) => said())).toEqual(slow.map(() => ''));
  for (const { socket } of slow) socket.destroy();
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});
