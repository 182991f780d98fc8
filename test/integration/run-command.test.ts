import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endOrphans } from '../../src/adapters/process/orphans.ts';
import { RUN_MARK } from '../../src/adapters/process/process-tree.ts';
import { cleanEnvironment } from '../../src/adapters/process/clean-environment.ts';
import { runCommand, type CommandSpec } from '../../src/adapters/process/run-command.ts';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { tempFolder } from '../support/temp-folder.ts';

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('command');
});
afterEach(() => folder.remove());

const at = (name: string): string => join(folder.path, name);
const alive = (pid: number): boolean => processInfo(pid) !== undefined;

function shell(script: string, over: Partial<CommandSpec> = {}): CommandSpec {
  return {
    command: ['/bin/sh', '-c', script],
    cwd: folder.path,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    logFile: at('log'),
    pidFile: at('pid'),
    timeoutMs: 30_000,
    ...over,
  };
}

/** Waits for a file that a command writes a process id to. */
async function pidIn(name: string): Promise<number> {
  // A file that was just made is still empty.
  const read = (): number => (existsSync(at(name)) ? Number(readFileSync(at(name), 'utf8')) : 0);
  const pid = await waitFor(() => read() > 0 && read(), { timeoutMs: 10_000 });
  if (pid === undefined) throw new Error(`${name} was not written`);
  return pid;
}

/** A child and a grandchild that left the process group, both told by file; they ignore SIGTERM. */
const FAMILY = `trap '' TERM
setsid sh -c 'trap "" TERM; echo $$ > far; while true; do sleep 1; done' &
sh -c 'trap "" TERM; echo $$ > near; while true; do sleep 1; done' &
wait`;

test('gives exit code, last lines, log and lines as they come', async () => {
  const lines: string[] = [];
  const result = await runCommand(
    shell('echo one; echo two >&2; exit 3', { onLine: (line, stream) => lines.push(`${stream} ${line}`) }),
  );
  expect(result).toMatchObject({ exitCode: 3, signal: null, timedOut: false, orphans: [] });
  expect([...result.lastLines].sort()).toEqual(['one', 'two']);
  expect(lines.sort()).toEqual(['stderr two', 'stdout one']);
  expect(readFileSync(at('log'), 'utf8').split('\n').sort()).toEqual(['', 'one', 'two']);
  expect(existsSync(at('pid'))).toBe(false);
});

test('a program that is not there is a result, not a crash', async () => {
  const result = await runCommand(shell('', { command: ['/no/such/program'] }));
  expect(result.exitCode).toBeNull();
  expect(result.lastLines.join()).toContain('ENOENT');
});

test('sees nothing of our environment but what is passed', async () => {
  const clean = cleanEnvironment({
    PATH: '/bin',
    DATABASE_URL: 'postgres://x',
    HTTPS_PROXY: 'http://p',
    AWS_SECRET: 's',
  });
  expect(clean).toEqual({ PATH: '/bin', HTTPS_PROXY: 'http://p' });
  const result = await runCommand(shell('env', { env: { ONLY: 'this' } }));
  expect(result.lastLines.map((l) => l.split('=')[0]).sort()).toEqual(
    expect.arrayContaining(['ONLY', RUN_MARK]),
  );
  expect(result.lastLines.join()).not.toContain('WINDLASS_TEST_RUN');
});

test('cancellation ends the whole family, those too that left the group', async () => {
  const cancel = new AbortController();
  const running = runCommand(shell(FAMILY, { signal: cancel.signal }));
  const pids = [await pidIn('near'), await pidIn('far')];
  cancel.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  await waitFor(() => !pids.some(alive), { timeoutMs: 2000 });
  expect(pids.filter(alive)).toEqual([]);
}, 20_000);

/**
 * Starts a process that has nothing in common any more: other session, empty environment, and its
 * parent has ended.
 */
const STRANGER = `env -i setsid sh -c 'trap "" TERM; sleep 1.5; sh -c "echo \\$\\$ > stranger; exec sleep 60" & wait' & wait`;

test('cancellation ends a process too that left session, environment and parent after it was seen', async () => {
  const cancel = new AbortController();
  const running = runCommand(shell(STRANGER, { signal: cancel.signal }));
  const pid = await pidIn('stranger');
  cancel.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  expect(alive(pid)).toBe(false);
}, 20_000);

test('what uses more memory than allowed, all its processes together, is ended and told', async () => {
  const usage: number[] = [];
  const hungry = `node -e "const b = Buffer.alloc(90 << 20, 1); setTimeout(() => b, 60000)"`;
  const result = await runCommand(
    shell(`${hungry} & ${hungry} & wait`, {
      memoryMb: 200,
      onUsage: ({ memoryMb }) => usage.push(memoryMb),
    }),
  );
  expect(result).toMatchObject({ timedOut: false, overMemory: { limitMb: 200 } });
  expect(result.overMemory?.usedMb).toBeGreaterThan(200);
  expect(usage.length).toBeGreaterThan(0);
}, 30_000);

test('a timeout ends it and is told', async () => {
  const result = await runCommand(shell('echo started; sleep 60; echo ended', { timeoutMs: 300 }));
  expect(result).toMatchObject({ timedOut: true, lastLines: ['started'] });
});

test('what it leaves in the background is ended when it ends', async () => {
  const start = (name: string, by = ''): string => `${by} sh -c 'echo $$ > ${name}; sleep 60' &`;
  await runCommand(
    shell(`${start('near')} ${start('far', 'setsid')} while [ ! -s near -o ! -s far ]; do sleep 0.05; done`),
  );
  expect([await pidIn('near'), await pidIn('far')].filter(alive)).toEqual([]);
});

describe('an orphan of a worker that was killed', () => {
  test('is found by the pid file and the mark, and ended before the next run', async () => {
    const left = spawn('/bin/sh', ['-c', FAMILY], {
      cwd: folder.path,
      detached: true,
      stdio: 'ignore',
      env: { PATH: process.env.PATH, [RUN_MARK]: at('pid') },
    });
    const pids = [left.pid ?? 0, await pidIn('near'), await pidIn('far')];
    const info = processInfo(left.pid ?? 0);
    writeFileSync(at('pid'), JSON.stringify({ pid: info?.pid, startTime: info?.startTime }));
    const result = await runCommand(shell('echo next'));
    // The near one shares the group of the first, and goes with it.
    expect(result.orphans).toEqual(expect.arrayContaining([pids[0], pids[2]]));
    expect(pids.filter(alive)).toEqual([]);
    expect(result.exitCode).toBe(0);
  }, 20_000);

  test('another process that got its id meanwhile is left alone', async () => {
    const other = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
    try {
      writeFileSync(at('pid'), JSON.stringify({ pid: other.pid, startTime: 'long ago' }));
      expect(await endOrphans(at('pid'))).toEqual([]);
      expect(alive(other.pid ?? 0)).toBe(true);
      expect(existsSync(at('pid'))).toBe(false);
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('a folder with letters beyond ASCII hides none', async () => {
    const pidFile = at('Prüfstand/pid');
    const left = spawn('/bin/sleep', ['60'], { stdio: 'ignore', env: { [RUN_MARK]: pidFile } });
    try {
      expect(await endOrphans(pidFile)).toEqual([left.pid]);
    } finally {
      left.kill('SIGKILL');
    }
  });

  test('a half-written pid file is no reason to fail', async () => {
    writeFileSync(at('pid'), '{"pid": 12');
    expect(await endOrphans(at('pid'))).toEqual([]);
  });
});
