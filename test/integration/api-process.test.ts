import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { execa } from 'execa';
import { freePort } from '../../src/local-system/ports.ts';
import { createDevServer } from '../support/dev-server.ts';
import { createEmptyDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

const MAIN = join(import.meta.dirname, '../../src/api/main.ts');
let temporal: TestWorkflowEnvironment;
let database: TestDatabase;
let dir = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-api-process-'));
  temporal = await createDevServer();
  database = await createEmptyDatabase();
}, 120_000);
afterAll(async () => {
  await temporal?.teardown();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});

/** The API as `windlass up` starts it: settings by environment, on a free port. */
function startApi(env: Record<string, string> = {}) {
  return execa('node', [MAIN], {
    cwd: dir,
    env: {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: temporal.address,
      WINDLASS_STATE_DIR: dir,
      WINDLASS_API_PORT: '0',
      ...env,
    },
    reject: false,
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
}

async function address(api: ReturnType<typeof startApi>): Promise<string> {
  for await (const line of createInterface({ input: api.stdout })) {
    const message = JSON.parse(line) as { ready?: boolean; address?: string; error?: unknown };
    if (message.ready === true) return message.address ?? '';
    if (message.error !== undefined) throw new Error(line);
  }
  throw new Error('the API ended before it was ready');
}

/** The error that the process tells; log lines stand around it. */
function failure(stdout: string): unknown {
  const lines = stdout.trim().split('\n');
  return lines
    .map((line) => (JSON.parse(line) as { error?: unknown }).error)
    .find((error) => error !== undefined);
}

test('migrates the database, says where it listens, answers, and ends cleanly on SIGTERM', async () => {
  const api = startApi();
  const url = await address(api);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
    ready: true,
    parts: { database: 'ok', temporal: 'ok' },
  });
  expect(await (await fetch(`${url}/api/v1/models`)).json()).toEqual([]);
  api.kill('SIGTERM');
  expect((await api).exitCode).toBe(0);
}, 60_000);

test('listens beyond this machine only with a token, and then asks for it', async () => {
  const refused = await startApi({ WINDLASS_API_HOST: '0.0.0.0' });
  expect(refused.exitCode).toBe(3);
  expect(failure(refused.stdout)).toMatchObject({
    code: 'CONFIG_INVALID',
    hint: expect.stringContaining('WINDLASS_API_TOKEN'),
  });
  const token = 'a-token-that-is-long-enough';
  const api = startApi({ WINDLASS_API_HOST: '0.0.0.0', WINDLASS_API_TOKEN: token });
  const url = (await address(api)).replace('0.0.0.0', '127.0.0.1');
  expect((await fetch(`${url}/api/v1/models`)).status).toBe(403);
  const authorization = `Bearer ${token}`;
  expect((await fetch(`${url}/api/v1/models`, { headers: { authorization } })).status).toBe(200);
  api.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await api;
  expect(exitCode).toBe(0);
  expect(stdout + stderr).not.toContain(token);
}, 60_000);

test('a port in use, no Temporal server and no database are named', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const port = (taken.address() as { port: number }).port;
  const inUse = await startApi({ WINDLASS_API_PORT: String(port) });
  taken.close();
  expect([inUse.exitCode, failure(inUse.stdout)]).toMatchObject([
    43,
    { code: 'PORT_IN_USE', message: expect.stringContaining(String(port)) },
  ]);
  const nobody = `127.0.0.1:${await freePort()}`;
  const noTemporal = await startApi({ TEMPORAL_ADDRESS: nobody });
  expect([noTemporal.exitCode, failure(noTemporal.stdout)]).toMatchObject([
    40,
    { code: 'TEMPORAL_UNAVAILABLE', message: expect.stringContaining(nobody) },
  ]);
  const noDatabase = await startApi({ DATABASE_URL: `postgres://w:s3cret@${nobody}/w` });
  expect([noDatabase.exitCode, failure(noDatabase.stdout)]).toMatchObject([
    41,
    { code: 'DATABASE_UNAVAILABLE' },
  ]);
  expect(noDatabase.stdout).not.toContain('s3cret');
}, 90_000);
