import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import { attachOrStart, runningSystem, startSystem } from '../../src/local-system/system.ts';
import { checkDatabase } from '../../src/local-system/postgres-server.ts';
import { freePort } from '../../src/local-system/ports.ts';
import { withNeeds, type ServiceProgress } from '../../src/local-system/system-types.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('system');
afterAll(() => folder.remove());

const config = loadConfig({
  env: {},
  flags: {
    stateDir: join(folder.path, 'state'),
    'database.port': 0,
    'temporal.port': 0,
    'temporal.uiPort': 0,
  },
}).values;

test('needs come with what they need, in starting order', () => {
  expect(withNeeds(['fleet', 'worker'])).toEqual(['database', 'temporal', 'hub', 'fleet', 'worker']);
});

test('a second command uses the first one’s system, which ends only when both are done', async () => {
  const told: ServiceProgress[] = [];
  const options = {
    needs: ['database'],
    command: 'models list',
    onProgress: (p: ServiceProgress) => told.push(p),
  } as const;
  const first = await attachOrStart(config, options);
  expect(first.owned).toBe(true);
  const second = await attachOrStart(config, { ...options, command: 'models show' });
  expect(second.owned).toBe(false);
  const url = second.config.database.url ?? '';
  expect(url).toBe(first.config.database.url);

  const stopping = first.stop();
  await waitFor(() => told.some((p) => p.message === 'for windlass models show'), { timeoutMs: 10_000 });
  expect((await checkDatabase(url)).version).toMatch(/^\d/); // still there for the second
  await second.stop();
  await stopping;
  await expect(checkDatabase(url)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(runningSystem(config.stateDir)).toBeUndefined();
}, 60_000);

test('a lasting system that lacks something says so; a start anew keeps what it is told to', async () => {
  mkdirSync(join(config.stateDir, 'envs'), { recursive: true });
  writeFileSync(join(config.stateDir, 'old'), '');
  const system = await startSystem(config, { needs: ['database'], startAnew: { keep: ['envs'] } });
  try {
    expect(existsSync(join(config.stateDir, 'old'))).toBe(false);
    expect(existsSync(join(config.stateDir, 'envs'))).toBe(true);
    await expect(attachOrStart(config, { needs: ['temporal'] })).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: expect.stringContaining('does not run all of temporal'),
    });
  } finally {
    await system.stop();
  }
}, 60_000);

test('a part that fails takes the others down, and leaves the folder free', async () => {
  const url = `postgres://windlass:x@127.0.0.1:${await freePort()}/windlass`;
  const broken = { ...config, database: { ...config.database, url } };
  const states: string[] = [];
  const start = startSystem(broken, {
    needs: ['database', 'temporal'],
    onProgress: ({ service, state }) => states.push(`${service} ${state}`),
  });
  await expect(start).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(existsSync(join(config.stateDir, 'run', 'temporal.json'))).toBe(false);
  expect(existsSync(join(config.stateDir, 'up.json'))).toBe(false);
}, 60_000);

test('an interrupted start ends in CANCELLED with nothing left', async () => {
  const interrupt = new AbortController();
  const start = startSystem(config, {
    needs: ['database', 'temporal'],
    signal: interrupt.signal,
    onProgress: () => interrupt.abort(),
  });
  await expect(start).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(existsSync(join(config.stateDir, 'up.json'))).toBe(false);
  for (const name of ['postgres', 'temporal'])
    expect(existsSync(join(config.stateDir, 'run', `${name}.json`))).toBe(false);
}, 60_000);
