import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { jest } from '@jest/globals';
import { sql } from 'kysely';
import type { GateResult } from '../../src/contracts/gate.ts';
import { ERRORS, type ErrorCode } from '../../src/errors/table.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { ANY_PORTS, startLiveSystem, type LiveSystem } from '../support/live-system.ts';
import { shareLayers } from '../support/shared-layers.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTinyProject, writeTinyData, type TinyProject } from '../support/tiny-project.ts';

jest.setTimeout(180_000);

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const ZIPMAP = join(import.meta.dirname, '../fixtures/onnx/zipmap.onnx');
const folder = tempFolder('bad-inputs');
const stateDir = join(folder.path, 'state');
const children = new Set<ChildProcess>();
let live: LiveSystem;
let tiny: TinyProject;

/** A port on which nobody answers: it was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 1;
}

beforeAll(async () => {
  mkdirSync(stateDir);
  tiny = createTinyProject(folder.path);
  const train = join(tiny.project, 'train.py');
  const written = '(out / "model.onnx").write_bytes(model_bytes(gain, bias, ballast))';
  const source = readFileSync(train, 'utf8');
  expect(source).toContain(written);
  const chosen =
    'Path("zipmap.onnx").read_bytes() if params.get("fault") == "zipmap" else model_bytes(gain, bias, ballast)';
  writeFileSync(train, source.replace(written, `(out / "model.onnx").write_bytes(${chosen})`));
  copyFileSync(ZIPMAP, join(tiny.project, 'zipmap.onnx'));
  const yaml = join(tiny.project, 'windlass.yaml');
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('maxLatencyP99Ms: 50', 'maxLatencyP99Ms: 2000'));
  tiny.commit('Let the converter write a ZipMap when asked');
  await shareLayers(join(stateDir, 'images'), 'process');
  live = await startLiveSystem(stateDir, ['database', 'temporal', 'hub', 'worker'], {
    'packaging.engine': 'process',
    'hub.connectionString': 'HostName=127.0.0.1;SharedAccessKeyName=service;SharedAccessKey=c2VjcmV0',
    'hub.port': await deadPort(),
    'hub.requestTimeoutMs': 2000,
  });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await live?.stop();
  folder.remove();
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args, '--json'], {
    cwd: folder.path,
    env: { ...process.env, TEMPORAL_ADDRESS: '', DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const ended = once(child, 'close').then(() => {
    children.delete(child);
    return { exit: child.exitCode, ...said };
  });
  return { child, said, ended };
}

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details?: { readonly gates?: readonly GateResult[]; readonly workflowId?: string };
}

/** What a command that must fail says: one JSON object on stdout, with the table's exit code. */
async function refused(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Refusal> {
  const { exit, stdout, stderr } = await run(args, env).ended;
  expect([exit, stderr]).not.toEqual([0, expect.anything()]);
  const { error } = JSON.parse(stdout) as { error: Refusal };
  expect([error.code, exit]).toEqual([error.code, ERRORS[error.code].exit]);
  expect(error.hint).not.toBe('');
  expect(error.message).not.toMatch(/at .*\.ts:\d+/); // words, not a stack
  return error;
}

const train = (...args: string[]) => refused(['train', '--state-dir', stateDir, ...args]);
const trainTiny = (...args: string[]) => train('--project', tiny.project, '--data', tiny.data, ...args);

/**
 * What the registry holds: published pipelines, versions, rollouts, and the actions of the audit
 * trail.
 */
async function registered(): Promise<unknown> {
  const counts = sql`select
    (select count(*)::int from pipelines) as pipelines, (select count(*)::int from models) as models,
    (select count(*)::int from rollouts) as rollouts,
    (select coalesce(json_agg(distinct action), '[]') from audit_events) as audit`;
  return (await counts.execute(live.db)).rows[0];
}
const nothing = { pipelines: 0, models: 0, rollouts: 0, audit: [] };
const published = { pipelines: 1, models: 0, rollouts: 0, audit: ['pipeline.published'] };

/** Files in the folders of runs: a run that has ended leaves none. */
function workFiles(): string[] {
  const work = join(stateDir, 'work');
  return existsSync(work) ? readdirSync(work, { recursive: true }).map(String) : [];
}

describe('the project', () => {
  afterEach(async () => {
    expect(await registered()).toEqual(nothing);
    expect(workFiles()).toEqual([]);
  });

  test('a path that does not exist', async () => {
    const error = await train('--project', 'no/such/folder', '--data', tiny.data);
    expect(error).toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      message: `There is no folder ${join(folder.path, 'no/such/folder')}.`,
      hint: expect.stringContaining('windlass.yaml'),
    });
  });

  test('uncommitted changes', async () => {
    const file = join(tiny.project, 'model.py');
    const before = readFileSync(file);
    writeFileSync(file, `${before.toString()}# tried something\n`);
    const error = await trainTiny();
    writeFileSync(file, before);
    expect(error).toMatchObject({ code: 'TREE_DIRTY', hint: expect.stringMatching(/Commit.*--allow-dirty/) });
    expect(error.message).toContain('model.py');
  });

  test('a check that fails publishes nothing', async () => {
    const file = join(tiny.project, 'check.py');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('same = ', 'same = False and '));
    tiny.commit('Break the check');
    const error = await trainTiny();
    writeFileSync(file, before);
    tiny.commit('Mend the check');
    expect(error.code).toBe('CHECK_FAILED');
    expect(error.message).toMatch(/unit-tests: .*\n.*1 failed: two models of the same numbers differ/);
  });
});

describe('the data and the model', () => {
  afterEach(async () => {
    expect(await registered()).toEqual(published);
    expect(workFiles()).toEqual([]);
  });

  test('a CSV file without a sensor column', async () => {
    const data = join(folder.path, 'lacking');
    writeTinyData(data);
    const file = join(data, 'pump-3.csv');
    const rows = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, rows.map((row) => row.split(';').toSpliced(2, 1).join(';')).join('\n'));
    const error = await trainTiny('--data', data);
    expect(error.code).toBe('DATA_INVALID');
    expect(error.message).toMatch(/required-columns.*pump-3\.csv.*no column "current"/s);
  });

  test('a time that occurs twice', async () => {
    const data = join(folder.path, 'doubled');
    writeTinyData(data);
    const file = join(data, 'pump-5.csv');
    const rows = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, rows.toSpliced(40, 0, rows[40] ?? '').join('\n'));
    const error = await trainTiny('--data', data);
    expect(error.code).toBe('DATA_INVALID');
    expect(error.message).toMatch(/duplicate-timestamps.*pump-5\.csv.*2026-01-06/s);
    expect(error.message).not.toContain('pump-4.csv');
  });

  test('a folder without data', async () => {
    const error = await trainTiny('--data', 'no/data');
    expect(error).toMatchObject({ code: 'DATA_NOT_FOUND', message: expect.stringContaining('no/data') });
  });

  test('training that exits with 3', async () => {
    const error = await trainTiny('--param', 'fault=exit');
    expect(error.code).toBe('TRAIN_FAILED');
    expect(error.message).toMatch(/"python train\.py" failed: .*3.*the data have no sense/s);
    expect(error.details).toMatchObject({ exitCode: 3 });
  });

  test.each([
    ['a ZipMap output', 'zipmap', /onnx-plain-tensors.*options=\{"zipmap": False\}/s],
    ['NaN among the golden predictions', 'nan', /golden-finite.*1 predictions/s],
  ])('%s', async (_what, fault, words) => {
    const error = await trainTiny('--param', `fault=${fault}`);
    expect(error.code).toBe('GATE_FAILED');
    expect(error.message).toMatch(words);
    expect(error.details?.gates?.some((g) => g.status === 'fail')).toBe(true);
  });
});

test('a hub that cannot be reached: deploying says so and waits, and an interruption leaves no rollout', async () => {
  const good = await run(['train', '--state-dir', stateDir, '--project', tiny.project, '--data', tiny.data])
    .ended;
  expect([good.exit, good.stdout]).toEqual([0, expect.stringContaining('"version": "1"')]);
  const deploy = run(['deploy', 'tiny@1', '--state-dir', stateDir]);
  const told = await waitFor(
    () => deploy.said.stderr.includes('HUB_UNREACHABLE') || deploy.child.exitCode !== null,
    {
      timeoutMs: 120_000,
    },
  );
  expect([told, deploy.child.exitCode, deploy.said]).toEqual([true, null, expect.anything()]);
  expect(deploy.said.stderr).toMatch(/HUB_UNREACHABLE: The hub could not be reached while .*ECONNREFUSED/);
  deploy.child.kill('SIGINT');
  const { exit, stdout } = await deploy.ended;
  expect([exit, JSON.parse(stdout)]).toMatchObject([49, { error: { code: 'CANCELLED' } }]);
  expect(await registered()).toMatchObject({ pipelines: 1, models: 1, rollouts: 0 });
  const open = live.client.workflow.list({ query: "ExecutionStatus = 'Running'" });
  const running = await waitFor(
    async () => {
      for await (const _ of open) return undefined;
      return true;
    },
    { timeoutMs: 20_000, everyMs: 500 },
  );
  expect(running).toBe(true);
});

test('no Python on the worker: PYTHON_MISSING, and nothing stays behind', async () => {
  const tools = join(folder.path, 'tools');
  mkdirSync(tools);
  for (const name of ['git', 'temporal', 'sh', 'node']) {
    const found = (process.env.PATH ?? '').split(delimiter).find((dir) => existsSync(join(dir, name)));
    if (found !== undefined) symlinkSync(join(found, name), join(tools, name));
  }
  const own = join(folder.path, 'own-state');
  const ports = Object.entries(ANY_PORTS).flatMap(([name, port]) => ['--set', `${name}=${port}`]);
  const error = await refused(
    ['train', '--state-dir', own, ...ports, '--project', tiny.project, '--data', tiny.data],
    { PATH: tools },
  );
  expect(error).toMatchObject({
    code: 'PYTHON_MISSING',
    message: expect.stringContaining('python3 is not there'),
    hint: expect.stringMatching(/Install Python 3\.11.*windlass doctor/),
  });
  expect(existsSync(join(own, 'up.json'))).toBe(false);
  expect(readdirSync(join(own, 'run'))).toEqual([]);
});
