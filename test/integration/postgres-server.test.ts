import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../src/local-system/ports.ts';
import {
  checkDatabase,
  startPostgresServer,
  type PostgresServer,
} from '../../src/local-system/postgres-server.ts';
import { processInfo, signalProcess } from '../../src/adapters/process/process-info.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('postgres');
const running: PostgresServer[] = [];
afterAll(async () => {
  for (const server of running) await server.stop();
  folder.remove();
});

async function start(stateDir = folder.path): Promise<PostgresServer> {
  const server = await startPostgresServer({ stateDir, port: await freePort(), restart: false });
  running.push(server);
  return server;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

test('data outlives a clean stop, a kill -9 of the server, and a stale pid file', async () => {
  const first = await start();
  await query(first.url, 'CREATE TABLE kept (x int)');
  await query(first.url, 'INSERT INTO kept VALUES (1)');
  await first.stop();

  const second = await start();
  expect(await query(second.url, 'SELECT x FROM kept')).toEqual([{ x: 1 }]);
  await query(second.url, 'INSERT INTO kept VALUES (2)');
  signalProcess(second.process.pid, 'SIGKILL');
  await waitFor(() => processInfo(second.process.pid) === undefined, { timeoutMs: 5_000 });

  const third = await start();
  expect(await query(third.url, 'SELECT x FROM kept ORDER BY x')).toEqual([{ x: 1 }, { x: 2 }]);
  const pidFile = join(folder.path, 'postgres', 'postmaster.pid');
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  await third.stop();
  // As after a crash and a reboot: the id belongs to a process that is no PostgreSQL at all.
  writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
  const fourth = await start();
  expect(await query(fourth.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
  expect(processInfo(process.pid)).toBeDefined();
  await fourth.stop();
}, 120_000);

test('a server that a killed run left running is replaced', async () => {
  const first = await start();
  const second = await start(); // same folder, without having stopped the first
  expect(processInfo(first.process.pid)).toBeUndefined();
  expect((await checkDatabase(second.url)).version).toMatch(/^\d+/);
  await second.stop();
}, 60_000);

test('an interrupted initialisation is begun again', async () => {
  const other = tempFolder('postgres-broken');
  try {
    const first = await start(other.path);
    await first.stop();
    rmSync(join(other.path, 'postgres', 'windlass-initialised'));
    rmSync(join(other.path, 'postgres', 'global'), { recursive: true });
    const second = await start(other.path);
    expect((await checkDatabase(second.url)).version).toMatch(/^\d+/);
    await second.stop();
    expect(existsSync(join(other.path, 'secrets', 'postgres-password'))).toBe(true);
  } finally {
    other.remove();
  }
}, 120_000);

test('a database that does not answer is named without its password', async () => {
  const url = `postgres://windlass:s3cret@127.0.0.1:${await freePort()}/windlass`;
  const failure = checkDatabase(url).catch((error: unknown) => error);
  await expect(failure).resolves.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(String(await failure)).not.toContain('s3cret');
});
