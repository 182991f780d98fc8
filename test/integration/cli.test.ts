import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import { readLiveRecord } from '../../src/local-system/state-claim.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = join(import.meta.dirname, '../..');
const folder = tempFolder('cli');
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children.filter((c) => c.exitCode === null && c.signalCode === null)) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  folder.remove();
});

const FREE_PORTS = {
  WINDLASS_TEMPORAL_PORT: '0',
  WINDLASS_TEMPORAL_UI_PORT: '0',
  WINDLASS_DATABASE_PORT: '0',
  WINDLASS_HUB_HTTPS_PORT: '0',
  WINDLASS_HUB_MQTT_PORT: '0',
  WINDLASS_API_PORT: '0',
};

function start(
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; said: () => string[] } {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], {
    cwd: folder.path,
    env: { ...process.env, TEMPORAL_ADDRESS: '', DATABASE_URL: '', ...FREE_PORTS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const text = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (text[0] += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text[1] += chunk.toString()));
  return { child, said: () => text };
}

async function windlass(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { child, said } = start(args, env);
  await once(child, 'close');
  const [stdout = '', stderr = ''] = said();
  return { code: child.exitCode ?? -1, stdout, stderr };
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('help and mistakes', () => {
  test('--help lists every command', async () => {
    const { code, stdout } = await windlass(['--help']);
    expect(code).toBe(0);
    for (const name of ['up', 'doctor', 'config', 'demo'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  test.each(['up', 'down', 'doctor', 'config show', 'demo'])('%s --help has examples', async (words) => {
    const { code, stdout } = await windlass([...words.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain('--json');
  });

  test.each([
    [['upp'], /unknown command 'upp'.*Did you mean up/s],
    [['up', '--bogus'], /unknown option '--bogus'/],
    [['up', '--without', 'kafka'], /kafka: there is no such part/],
    [['config', 'show', '--set', 'nonsense'], /not an assignment/],
  ])('%j is INPUT_INVALID', async (args, message) => {
    const text = await windlass(args);
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toMatch(message);
    const programs = await windlass([...args, '--json']);
    expect(json(programs.stdout)).toMatchObject({
      error: { code: 'INPUT_INVALID', hint: expect.any(String) },
    });
  });
});

describe('config show', () => {
  test('names the origin of each value', async () => {
    writeFileSync(join(folder.path, 'mine.yaml'), 'fleet: { devices: 5 }\n');
    const args = ['config', 'show', '--json', '--config', 'mine.yaml', '--set', 'fleet.seed=9'];
    const { code, stdout } = await windlass(args, { WINDLASS_FLEET_SPEED: '3' });
    expect(code).toBe(0);
    const { settings } = json(stdout) as { settings: { key: string; value: unknown; origin: string }[] };
    const of = (key: string) => settings.find((s) => s.key === key);
    expect(of('fleet.devices')).toMatchObject({ value: 5, origin: `file ${join(folder.path, 'mine.yaml')}` });
    expect(of('fleet.seed')).toMatchObject({ value: 9, origin: 'flag fleet.seed' });
    expect(of('fleet.speed')).toMatchObject({ value: 3, origin: 'environment WINDLASS_FLEET_SPEED' });
    expect(of('log.level')).toMatchObject({ value: 'info', origin: 'default' });
  });

  test('a wrong configuration is told whole, with exit code 3', async () => {
    const { code, stdout } = await windlass(['config', 'show', '--json', '--set', 'api.port=x'], {
      WINDLASS_LOG_LEVEL: 'loud',
    });
    expect(code).toBe(3);
    const { error } = json(stdout) as { error: { code: string; details: { problems: { field: string }[] } } };
    expect(error.details.problems.map((p) => p.field)).toEqual(['api.port', 'log.level']);
  });
});

describe('doctor', () => {
  test('finds what this machine has', async () => {
    const { stdout } = await windlass(['doctor', '--json']);
    const { checks } = json(stdout) as { checks: { name: string; status: string; found: string }[] };
    expect(checks.map((c) => c.name)).toEqual(
      expect.arrayContaining([
        'Node',
        'Temporal',
        'PostgreSQL',
        'Python',
        'git',
        'Docker Engine',
        'Disk space',
        'Ports',
      ]),
    );
    expect(checks.find((c) => c.name === 'PostgreSQL')).toMatchObject({ status: 'ok' });
  });

  test('without Python and with an unreachable hub it says so, how to get them, and ends with the first code', async () => {
    const { code, stdout } = await windlass(['doctor', '--json'], {
      PATH: folder.path,
      WINDLASS_HUB_CONNECTION_STRING:
        'HostName=127.0.0.1;SharedAccessKeyName=service;SharedAccessKey=c2VjcmV0',
      WINDLASS_HUB_PORT: '1',
    });
    const { ok, checks } = json(stdout) as {
      ok: boolean;
      checks: { name: string; status: string; fix?: string }[];
    };
    expect(ok).toBe(false);
    const of = (name: string) => checks.find((c) => c.name === name);
    expect(of('Python')).toMatchObject({ status: 'missing', fix: expect.stringContaining('Python 3.11') });
    expect(of('git')).toMatchObject({ status: 'missing', fix: expect.stringContaining('Install git') });
    expect(of('IoT Hub')).toMatchObject({
      status: 'missing',
      fix: expect.stringContaining('hub.connectionString'),
    });
    expect(stdout).not.toContain('c2VjcmV0');
    expect(code).toBe(15);
  });
});

describe('up', () => {
  const PARTS = ['--without', 'hub,fleet,worker,api'];
  const state = join(folder.path, 'state');
  const up = (env: Record<string, string> = {}) =>
    start(['up', '--json', ...PARTS, '--state-dir', state], env);
  const ready = () => waitFor(() => readLiveRecord(state)?.phase === 'ready', { timeoutMs: 60_000 });
  const pids = () => Object.values((readLiveRecord(state)?.services.pids ?? {}) as Record<string, number>);

  test('a port in use names the setting, and nothing is left behind', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { code, stdout } = await windlass(['up', '--json', ...PARTS, '--state-dir', state], {
      WINDLASS_TEMPORAL_PORT: port,
    });
    server.close();
    expect(code).toBe(43);
    expect(json(stdout)).toMatchObject({
      error: {
        code: 'PORT_IN_USE',
        message: `Port ${port} (setting temporal.port) is in use by another program.`,
        details: { setting: 'temporal.port', env: 'WINDLASS_TEMPORAL_PORT' },
      },
    });
    expect(existsSync(join(state, 'up.json'))).toBe(false);
  }, 60_000);

  test('a second up finds the first; Ctrl-C stops everything', async () => {
    const first = up();
    expect(await ready()).toBe(true);
    const running = pids();
    expect(running).toHaveLength(2);
    const second = await windlass(['up', '--json', '--state-dir', state]);
    expect(second.code).toBe(0);
    expect(json(second.stdout)).toMatchObject({ alreadyRunning: true, pid: first.child.pid });
    await waitFor(() => first.said()[0]?.includes('}'), { timeoutMs: 5_000 });
    expect(first.said()[0]).toMatch(
      /^\{"temporal":"127[^\n]*"temporalUi":"http[^\n]*"database":"postgres[^\n]*\}\n$/,
    );
    expect(json(first.said()[0] ?? '')).toMatchObject({
      alreadyRunning: false,
      temporalUi: expect.any(String),
    });
    first.child.kill('SIGINT');
    await once(first.child, 'exit');
    expect(first.child.exitCode).toBe(0);
    for (const pid of running) expect(processInfo(pid)).toBeUndefined();
    expect(existsSync(join(state, 'up.json'))).toBe(false);
  }, 90_000);

  test('after kill -9 the next up clears up and starts; down stops it', async () => {
    const first = up();
    expect(await ready()).toBe(true);
    const orphans = pids();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = up();
    expect(await ready()).toBe(true);
    expect(readLiveRecord(state)?.pid).toBe(second.child.pid);
    for (const pid of orphans) expect(processInfo(pid)).toBeUndefined();
    expect(second.said()[1]).toContain('ended what an interrupted run had left');
    const down = await windlass(['down', '--json', '--state-dir', state]);
    expect(json(down.stdout)).toEqual({ stopped: true, pid: second.child.pid });
    expect((await windlass(['down', '--state-dir', state])).code).toBe(45);
  }, 120_000);

  test('two at the same moment: one starts, the other says so', async () => {
    const both = [up(), up()];
    expect(await ready()).toBe(true);
    const holder = readLiveRecord(state)?.pid;
    const loser = both.find(({ child }) => child.pid !== holder);
    if (loser === undefined) throw new Error('nobody lost');
    await waitFor(() => loser.child.exitCode !== null, { timeoutMs: 20_000 });
    // Which of the two it says depends on how far the winner was when the loser looked.
    const said = { code: loser.child.exitCode, body: json(loser.said()[0] ?? '') };
    const still = { code: 44, body: { error: { code: 'ALREADY_RUNNING', details: { pid: holder } } } };
    const found = { code: 0, body: { alreadyRunning: true, pid: holder } };
    expect(said).toMatchObject(said.code === 0 ? found : still);
    const winner = both.find(({ child }) => child.pid === holder);
    winner?.child.kill('SIGTERM');
    if (winner !== undefined) await once(winner.child, 'exit');
    // The question whether it is ready comes too early at times; nothing else may be fatal, such as
    // a second server.
    expect(readFileSync(join(state, 'logs', 'postgres.log'), 'utf8')).not.toMatch(
      /FATAL:(?! {2}the database system is starting up)/,
    );
  }, 120_000);
});
