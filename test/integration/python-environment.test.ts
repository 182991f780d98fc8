import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';
import { environmentKey } from '../../src/adapters/python/environment.ts';
import { findPython } from '../../src/adapters/python/find-python.ts';
import type { ProjectRuntime } from '../../src/ports/project-runtime.ts';
import { tempFolder } from '../support/temp-folder.ts';

const PATIENCE = 120_000;
const NOTHING = Buffer.from('# nothing to install\n');

let folder: ReturnType<typeof tempFolder>;
let runtime: ProjectRuntime;
beforeEach(() => {
  folder = tempFolder('environment');
  runtime = createPythonRuntime({ environments: join(folder.path, 'envs') });
});
afterEach(() => folder.remove());

const command = (run: string) => ({
  ...{ run, cwd: folder.path, variables: {}, timeoutMs: 30_000 },
  logFile: join(folder.path, 'log'),
  pidFile: join(folder.path, 'pid'),
});

test(
  'is built once even when several ask at the same time, and found afterwards',
  async () => {
    const asked = await Promise.all([1, 2, 3].map(() => runtime.ensure(NOTHING)));
    expect(asked.filter((e) => !e.reused)).toHaveLength(1);
    expect(new Set(asked.map((e) => e.folder)).size).toBe(1);
    const again = await createPythonRuntime({ environments: join(folder.path, 'envs') }).ensure(NOTHING);
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
    const key = environmentKey(NOTHING, await findPython());
    const place = join(folder.path, 'envs', key.slice(7, 39));
    mkdirSync(join(place, 'bin'), { recursive: true });
    writeFileSync(join(place, 'bin', 'python'), 'half');
    const environment = await runtime.ensure(NOTHING);
    expect(environment).toMatchObject({ folder: place, reused: false });
    expect((await runtime.run(environment, command('python -c "print(1)"'))).lastLines).toEqual(['1']);
  },
  PATIENCE,
);

test(
  'a lock without hashes is ENVIRONMENT_FAILED and leaves nothing',
  async () => {
    const error: unknown = await runtime.ensure(Buffer.from('attrs==23.1.0\n')).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'ENVIRONMENT_FAILED',
      details: {
        lastLines: expect.arrayContaining([expect.stringMatching(/hash|no matching distribution/i)]),
        logFile: expect.any(String),
      },
    });
    const key = environmentKey(Buffer.from('attrs==23.1.0\n'), await findPython());
    expect(existsSync(join(folder.path, 'envs', key.slice(7, 39)))).toBe(false);
  },
  PATIENCE,
);

test('another lock is another environment', async () => {
  const python = await findPython();
  const keys = [NOTHING, Buffer.from('# other\n')].map((lock) => environmentKey(lock, python));
  expect(new Set(keys).size).toBe(2);
  expect(environmentKey(NOTHING, { ...python, version: '3.99.0' })).not.toBe(keys[0]);
});

test('no Python at all, or one that is too old, is PYTHON_MISSING and says what was tried', async () => {
  const old = join(folder.path, 'python-old');
  writeFileSync(old, '#!/bin/sh\necho \'{"executable":"x","version":"3.8.1","libc":""}\'\n', { mode: 0o755 });
  const without = createPythonRuntime({ environments: folder.path, python: ['no-such-python', old] });
  await expect(without.ensure(NOTHING)).rejects.toMatchObject({
    code: 'PYTHON_MISSING',
    message: expect.stringMatching(/no-such-python is not there; .*python-old is 3\.8\.1/),
  });
});
