import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import {
  endLeftovers,
  startProcess,
  type ProcessEvent,
  type ProcessSpec,
} from '../../src/local-system/process.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { tempFolder } from '../support/temp-folder.ts';

let folder = tempFolder('process');
afterAll(() => folder.remove());
beforeEach(() => {
  folder.remove();
  folder = tempFolder('process');
});

function child(code: string, options: Partial<ProcessSpec> = {}): ProcessSpec {
  const file = join(folder.path, 'child.mjs');
  writeFileSync(file, code);
  return {
    name: 'child',
    command: 'node',
    args: [file],
    stateDir: folder.path,
    readyTimeoutMs: 15_000,
    ...options,
  };
}

const READY = 'console.log(JSON.stringify({ ready: true, port: 7, argv: process.argv.slice(2) }));';
const STAY = 'setInterval(() => {}, 1000);';

test('gives what the ready line says, logs to a file, and stops', async () => {
  const started = await startProcess(child(`console.log('hello');${READY}${STAY}`));
  expect(started.ready).toMatchObject({ ready: true, port: 7 });
  expect(readFileSync(started.logFile, 'utf8')).toContain('hello');
  expect(existsSync(join(folder.path, 'run', 'child.json'))).toBe(true);
  await started.stop();
  expect(started.running).toBe(false);
  expect(existsSync(join(folder.path, 'run', 'child.json'))).toBe(false);
});

test('a child that ends at once fails with its last lines', async () => {
  await expect(startProcess(child("console.error('no such file'); process.exit(3)"))).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('no such file'),
  });
});

test('an error that the child prints is thrown as it is', async () => {
  const body = { error: { code: 'PORT_IN_USE', message: 'Port 9443 is in use.', hint: 'Choose another.' } };
  const failure = startProcess(child(`console.log('${JSON.stringify(body)}'); process.exit(43)`));
  await expect(failure).rejects.toMatchObject({ code: 'PORT_IN_USE', hint: 'Choose another.' });
});

test('a program that is not there, and one that never gets ready', async () => {
  const absent = startProcess({
    ...child(''),
    command: '/no/such/program',
    errorCode: 'TEMPORAL_UNAVAILABLE',
  });
  await expect(absent).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
  await expect(startProcess(child(STAY, { readyTimeoutMs: 500 }))).rejects.toThrow(/not ready in 0.5 s/);
});

test('it is started again when it dies, with the ready line of before', async () => {
  const events: ProcessEvent[] = [];
  const spec = child(`${READY}${STAY}`);
  const started = await startProcess({
    ...spec,
    args: (previous) => [...(spec.args as string[]), `after-${String(previous?.port)}`],
    restart: true,
    onEvent: (event) => events.push(event),
  });
  try {
    expect(started.ready.argv).toEqual(['after-undefined']);
    const first = started.pid;
    process.kill(first, 'SIGKILL');
    await waitFor(() => started.restarts === 1, { timeoutMs: 20_000 });
    expect(started.pid).not.toBe(first);
    expect(started.ready.argv).toEqual(['after-7']);
    expect(events.map((e) => e.kind)).toEqual(['died', 'restarted']);
  } finally {
    await started.stop();
  }
  expect(processInfo(started.pid)).toBeUndefined();
});

test('children of the child end with it, also when they ignore signals', async () => {
  const grandchild = `process.on('SIGTERM', () => {}); ${STAY}`;
  const started = await startProcess(
    child(`
      import { spawn } from 'node:child_process';
      const c = spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'ignore' });
      console.log(JSON.stringify({ ready: true, grandchild: c.pid }));
      ${STAY}`),
  );
  const pid = Number(started.ready.grandchild);
  expect(processInfo(pid)).toBeDefined();
  await started.stop();
  expect(await waitFor(() => processInfo(pid) === undefined, { timeoutMs: 5_000 })).toBe(true);
});

test('a child that ignores the request to stop is ended', async () => {
  const code = `process.on('SIGTERM', () => {});${READY}${STAY}`;
  const started = await startProcess(child(code, { stopTimeoutMs: 300 }));
  await started.stop();
  expect(processInfo(started.pid)).toBeUndefined();
});

describe('when the parent is killed', () => {
  /** A parent in a process of its own, which starts one child and tells its id. */
  async function parentOf(command: string, args: string[]): Promise<{ parent: number; child: number }> {
    const module = new URL('../../src/local-system/process.ts', import.meta.url).href;
    const spec = { name: 'orphan', command, args, stateDir: folder.path };
    const probe = command === 'node' ? '' : 'probe: async () => true,';
    const code = `
      import { startProcess } from ${JSON.stringify(module)};
      const p = await startProcess({ ...${JSON.stringify(spec)}, ${probe} });
      console.log(p.pid);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const ids = { parent: Number(parent.pid), child: Number(line.toString()) };
    process.kill(ids.parent, 'SIGKILL');
    await once(parent, 'exit');
    return ids;
  }

  test('a Node child ends by itself', async () => {
    const { args } = child(`${READY}${STAY}`);
    const ids = await parentOf('node', args as string[]);
    expect(await waitFor(() => processInfo(ids.child) === undefined, { timeoutMs: 10_000 })).toBe(true);
  });

  test('any other child is ended by the next start', async () => {
    const ids = await parentOf('sleep', ['600']);
    expect(processInfo(ids.child)?.command).toBe('sleep 600');
    expect(await endLeftovers(folder.path)).toEqual(['orphan']);
    expect(processInfo(ids.child)).toBeUndefined();
    expect(await endLeftovers(folder.path)).toEqual([]);
  });

  test('a process that only has the same id is left alone', async () => {
    await parentOf('sleep', ['1']).then(({ child: pid }) =>
      waitFor(() => !processInfo(pid), { timeoutMs: 5_000 }),
    );
    const other = processInfo(process.pid);
    writeFileSync(
      join(folder.path, 'run', 'orphan.json'),
      JSON.stringify({ pid: process.pid, startTime: `${other?.startTime}1`, stopSignal: 'SIGTERM' }),
    );
    expect(await endLeftovers(folder.path)).toEqual([]);
  });
});

test('interrupting the start ends the child', async () => {
  const interrupt = new AbortController();
  const starting = startProcess(child(STAY, { signal: interrupt.signal }));
  const run = join(folder.path, 'run', 'child.json');
  await waitFor(() => existsSync(run), { timeoutMs: 5_000 });
  const { pid } = JSON.parse(readFileSync(run, 'utf8')) as { pid: number };
  interrupt.abort();
  await expect(starting).rejects.toBeInstanceOf(WindlassError);
  expect(processInfo(pid)).toBeUndefined();
});
