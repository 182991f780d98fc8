import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createCheckActivities } from '../../activities/checks/check-activities.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { bundleFiles, readBundle, unpackBundle } from '../../src/adapters/git/source-bundle.ts';
import { listEnvironments, pruneEnvironments } from '../../src/adapters/python/collect-environments.ts';
import { checkCondaFile, condaKey, micromambaCommand } from '../../src/adapters/python/conda-environment.ts';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';
import { pipKey } from '../../src/adapters/python/pip-environment.ts';
import { findPython } from '../../src/adapters/python/find-python.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectRuntime } from '../../src/ports/project-runtime.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const PATIENCE = 120_000;
const NOTHING = Buffer.from('# nothing to install\n');
const pip = (lock: Uint8Array) => ({ kind: 'pip', lock }) as const;

let folder: ReturnType<typeof tempFolder>;
let runtime: ProjectRuntime;
/** Keeps the environment of `NOTHING` from test to test: building one takes seconds. */
const shared = tempFolder('environments');
beforeEach(() => {
  folder = tempFolder('environment');
  runtime = createPythonRuntime({ environments: join(folder.path, 'envs') });
});
afterEach(() => folder.remove());
afterAll(() => shared.remove());

const command = (run: string) => ({
  run,
  cwd: folder.path,
  variables: {},
  timeoutMs: 30_000,
  logFile: join(folder.path, 'log'),
  pidFile: join(folder.path, 'pid'),
});

test(
  'is built once even when several ask at the same time, and found afterwards',
  async () => {
    const runtimes = [1, 2, 3].map(() => createPythonRuntime({ environments: shared.path }));
    const asked = await Promise.all(runtimes.map((each) => each.ensure(pip(NOTHING))));
    expect(asked.filter((e) => !e.reused)).toHaveLength(1);
    expect(new Set(asked.map((e) => e.folder)).size).toBe(1);
    const again = await createPythonRuntime({ environments: shared.path }).ensure(pip(NOTHING));
    expect(again).toMatchObject({ reused: true, key: asked[0]?.key });
    expect(readFileSync(again.logFile, 'utf8')).not.toContain('rror');
    const result = await runtime.run(
      again,
      command('python -c "import sys; print(sys.prefix, sys.flags.hash_randomization)"'),
    );
    expect(result).toMatchObject({ exitCode: 0, lastLines: [`${again.folder} 0`] });
  },
  PATIENCE,
);

test(
  'one that was left half-built is thrown away',
  async () => {
    const key = pipKey(NOTHING, await findPython());
    const place = join(folder.path, 'envs', key.slice(7, 39));
    mkdirSync(join(place, 'bin'), { recursive: true });
    writeFileSync(join(place, 'bin', 'python'), 'half');
    const environment = await runtime.ensure(pip(NOTHING));
    expect(environment).toMatchObject({ folder: place, reused: false });
    expect((await runtime.run(environment, command('python -c "print(1)"'))).lastLines).toEqual(['1']);
  },
  PATIENCE,
);

test(
  'a lock without hashes is ENVIRONMENT_FAILED and leaves nothing',
  async () => {
    const error: unknown = await runtime.ensure(pip(Buffer.from('attrs==23.1.0\n'))).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'ENVIRONMENT_FAILED',
      details: {
        lastLines: expect.arrayContaining([expect.stringMatching(/hash|no matching distribution/i)]),
        logFile: expect.any(String),
      },
    });
    const key = pipKey(Buffer.from('attrs==23.1.0\n'), await findPython());
    expect(existsSync(join(folder.path, 'envs', key.slice(7, 39)))).toBe(false);
  },
  PATIENCE,
);

test('another lock is another environment', async () => {
  const python = await findPython();
  const keys = [NOTHING, Buffer.from('# other\n')].map((lock) => pipKey(lock, python));
  expect(new Set(keys).size).toBe(2);
  expect(pipKey(NOTHING, { ...python, version: '3.99.0' })).not.toBe(keys[0]);
});

test('no Python at all, or one that is too old, is PYTHON_MISSING and says what was tried', async () => {
  const old = join(folder.path, 'python-old');
  writeFileSync(old, '#!/bin/sh\necho \'{"executable":"x","version":"3.8.1","libc":""}\'\n', { mode: 0o755 });
  const without = createPythonRuntime({ environments: folder.path, python: ['no-such-python', old] });
  await expect(without.ensure(pip(NOTHING))).rejects.toMatchObject({
    code: 'PYTHON_MISSING',
    message: expect.stringMatching(/no-such-python is not there; .*python-old is 3\.8\.1/),
  });
});

const DAY = 86_400_000;
const at = (daysAgo: number): Date => new Date(Date.now() - daysAgo * DAY);

test('without micromamba a conda file says how to get it; packages without one version are refused first', async () => {
  const conda = (text: string) => ({ kind: 'conda', file: Buffer.from(text) }) as const;
  const without = createPythonRuntime({
    environments: folder.path,
    micromamba: join(folder.path, 'micromamba'),
  });
  const pinned =
    'channels: [conda-forge]\ndependencies:\n  - python=3.12.4\n  - conda-forge::numpy=2.3.1=py312_0\n  - pip: ["skl2onnx==1.20.0"]\n';
  await expect(without.ensure(conda(pinned))).rejects.toMatchObject({
    code: 'ENVIRONMENT_FAILED',
    message: expect.stringContaining('not on the PATH of the training worker'),
    hint: expect.stringContaining('https://mamba.readthedocs.io'),
  });
  await expect(
    without.ensure(conda('dependencies: [python=3.12.4, numpy, "scipy>=1.10", "x=1.*", {pip: [skl2onnx]}]')),
  ).rejects.toMatchObject({
    code: 'PROJECT_INVALID',
    message: expect.stringMatching(
      /"numpy" has no single version; "scipy>=1.10" .*; "x=1\.\*" .*; "skl2onnx"/,
    ),
  });
  for (const text of ['dependencies: [', 'dependencies: []', 'name: x', '- a', 'dependencies: [{npm: [a]}]'])
    expect(() => checkCondaFile(Buffer.from(text))).toThrow(/conda environment file is not valid/);
  expect(() => checkCondaFile(Buffer.from(pinned))).not.toThrow();
  expect(condaKey(Buffer.from(pinned))).not.toBe(condaKey(Buffer.from(`${pinned} `)));
  expect(
    micromambaCommand('micromamba', { root: '/envs', prefix: '/envs/a', file: '/envs/a.yaml' }).join(' '),
  ).toBe(
    'micromamba create --yes --no-rc --no-env --root-prefix /envs/micromamba --prefix /envs/a --file /envs/a.yaml',
  );
});

test('an image is for workers that run containers; this one says so', async () => {
  const reference = `python@sha256:${'0'.repeat(64)}`;
  await expect(runtime.ensure({ kind: 'image', reference })).rejects.toMatchObject({
    code: 'ENVIRONMENT_FAILED',
    message: expect.stringContaining(reference),
  });
});

test(
  'checks run in it: neighbours that are declared parallel at the same time, and only reports of this run count',
  async () => {
    const wait = 'for i in $(seq 100); do [ -e met-$OTHER ] && exit 0; sleep 0.1; done; exit 1';
    const spec = projectSpec({
      checks: [
        { name: 'alone', run: 'test -z "$(ls met-* 2>/dev/null)"' },
        { name: 'left', run: `touch met-left; OTHER=right; ${wait}`, parallel: true },
        { name: 'right', run: `touch met-right; OTHER=left; ${wait}`, parallel: true },
        { name: 'stale', run: 'true', junit: 'reports/old.xml', required: false },
        {
          name: 'counted',
          run: "echo '<testsuite><testcase/></testsuite>' > reports/new.xml",
          junit: 'reports/new.xml',
        },
      ],
    });
    runtime = createPythonRuntime({ environments: shared.path });
    const artefacts = createFileArtefactStore(join(folder.path, 'artefacts'));
    const text = (path: string, content: string) =>
      ({ path, kind: 'file', content: Buffer.from(content) }) as const;
    const files = [
      text('reports/old.xml', '<testsuite tests="3"><testcase/></testsuite>'),
      text('requirements.lock', NOTHING.toString()),
    ];
    const bundle = await artefacts.put(await bundleFiles(files), 'application/x-tar');
    const source = {
      readBundle,
      unpack: unpackBundle,
      checkout: () => Promise.reject(new Error('not needed')),
    };
    const saved: unknown[] = [];
    const steps = {
      find: () => Promise.resolve(undefined),
      save: (...values: unknown[]) => Promise.resolve(void saved.push(values)),
    };
    const { runChecks } = createCheckActivities({
      artefacts,
      runtime,
      source,
      steps,
      work: join(folder.path, 'work'),
    });
    const run = () => new MockActivityEnvironment().run(runChecks, { bundle, spec, reuse: false });
    const { gates } = (await run()) as { gates: GateResult[] };
    expect(gates.map((g) => [g.name, g.status])).toEqual([
      ['check-alone', 'pass'],
      ['check-left', 'pass'],
      ['check-right', 'pass'],
      ['check-stale', 'warn'],
      ['check-counted', 'pass'],
    ]);
    expect(gates[3]?.reason).toBe('the JUnit report was not written');
    expect(gates[4]).toMatchObject({
      n: 1,
      evidence: { tests: { tests: 1 }, log: { digest: expect.any(String) } },
    });
  },
  PATIENCE,
);

test(
  'is collected when nobody used it for long, but never while it is used, built or asked for',
  async () => {
    const root = shared.path;
    runtime = createPythonRuntime({ environments: root });
    const environment = await runtime.ensure(pip(NOTHING));
    const stamp = `${environment.folder}.used`;
    const prune = (days: number) => pruneEnvironments(root, { unusedForMs: days * DAY, now: new Date() });
    expect(await listEnvironments(root, new Date())).toMatchObject([
      { id: environment.key.slice(7, 39), kind: 'pip', python: environment.python, inUse: true },
    ]);
    expect(await prune(0)).toEqual([]);

    utimesSync(stamp, at(40), at(40));
    expect(await prune(50)).toEqual([]);
    await runtime.run(environment, command('true'));
    expect(await prune(30)).toEqual([]);

    utimesSync(stamp, at(40), at(40));
    const [gone, asked] = await Promise.all([prune(30), runtime.ensure(pip(NOTHING))]);
    expect(existsSync(join(asked.folder, 'bin', 'python'))).toBe(true);
    expect(asked.reused).toBe(gone.length === 0);

    utimesSync(stamp, at(40), at(40));
    const [listed] = await listEnvironments(root, new Date());
    expect(listed?.bytes).toBeGreaterThan(1_000_000);
    expect(await prune(30)).toEqual([listed]);
    expect(readdirSync(root)).toEqual([]);
    expect(await prune(30)).toEqual([]);
  },
  PATIENCE,
);
