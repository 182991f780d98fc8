import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { tempFolder } from '../support/temp-folder.ts';

const root = join(import.meta.dirname, '../..');
const RULES = ['windlass/import-boundaries', 'windlass/comment-width', 'no-restricted-syntax'];
const eslint = new ESLint({
  cwd: root,
  // Snippets are no files of the project, so rules that need its types are left out here.
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => RULES.includes(ruleId),
});

async function messages(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, file) });
  return (result?.messages ?? []).map((m) => `${m.ruleId ?? 'parse error'}: ${m.message}`);
}

describe('refused', () => {
  test.each([
    ['workflows/build/x.ts', "import fs from 'node:fs';", /proxyActivities/],
    ['workflows/build/x.ts', "import { z } from 'zod';", /may not import zod/],
    [
      'workflows/build/x.ts',
      "import { openDatabase } from '../../src/adapters/postgres/database.ts';",
      /adapters/,
    ],
    ['workflows/build/x.ts', "import { gateResultSchema } from '../../src/contracts/gate.ts';", /loads zod/],
    ['workflows/build/x.ts', "import { createX } from '../../activities/x/create.ts';", /activities/],
    ['src/domain/x/y.ts', "import { readFile } from 'node:fs/promises';", /domain is pure/],
    ['src/domain/x/y.ts', "export * from '../../adapters/blob/store.ts';", /domain is pure/],
    [
      'activities/x/y.ts',
      "import { openDatabase } from '../../src/adapters/postgres/database.ts';",
      /declare a port/,
    ],
    [
      'src/domain/x/y.ts',
      "import type { Registry } from '../../ports/registry/registry.ts';",
      /domain is pure/,
    ],
    ['src/domain/x/y.ts', "import { digestOf } from '../../base/digest.ts';", /loads node:crypto/],
    ['src/domain/x/y.ts', 'export const x = async () => 1;', /awaits nothing/],
    ['src/domain/x/y.ts', 'export const x = await y();', /awaits nothing/],
    ['src/base/x.ts', "import type { GateResult } from '../contracts/gate.ts';", /no word of Windlass/],
    ['src/contracts/x.ts', "import { worstStatus } from '../domain/gates/statuses.ts';", /behaviour/],
    ['src/ports/x.ts', "import type { Database } from '../adapters/postgres/schema.ts';", /small interfaces/],
    ['src/reports/x.ts', "import { loadConfig } from '../config/load-config.ts';", /report shows/],
    ['src/composition/x.ts', "import { startSystem } from '../local-system/system.ts';", /puts adapters/],
    ['src/local-system/x.ts', "import { Cli } from '../cli/cli.ts';", /runs processes/],
    ['src/cli/x.ts', 'export const x = { ...{ a: 1 } };', /one per line/],
    ['workflows/build/x.ts', 'export const x = { ...{ a: 1 } };', /one per line/],
    ['src/domain/x/y.ts', 'export const x = { ...{ a: 1 } };', /one per line/],
    ['src/cli/x.ts', `// ${'long '.repeat(20)}`, /wrap it at 100/],
    ['edge/x.ts', "import { gate } from '../src/domain/gates/statuses.ts';", /shipped on its own/],
    [
      'stand-ins/iot-hub/x.ts',
      "import { loadConfig } from '../../src/config/load-config.ts';",
      /foreign systems/,
    ],
    [
      'src/api/routes/x.ts',
      "import { openDatabase } from '../../adapters/postgres/database.ts';",
      /Take a port/,
    ],
    ['src/cli/x.ts', "const w = await import('../../workflows/build/x.ts');", /Start workflows by name/],
    [
      'src/adapters/blob/x.ts',
      "import { startSystem } from '../../local-system/system.ts';",
      /adapter implements a port/,
    ],
  ])('%s: %s', async (file, code, message) => {
    expect(await messages(file, `${code}\n`)).toEqual([expect.stringMatching(message)]);
  });
});

describe('allowed', () => {
  test.each([
    ['workflows/build/x.ts', "import { proxyActivities } from '@temporalio/workflow';"],
    ['workflows/build/x.ts', "import type { XActivities } from '../../activities/x/create.ts';"],
    ['workflows/build/x.ts', "import { TASK_QUEUES } from '../../src/contracts/names.ts';"],
    ['workflows/build/x.ts', "import type { GateResult } from '../../src/contracts/gate.ts';"],
    ['src/domain/x/y.ts', "import { mean } from 'simple-statistics';"],
    ['workers/x.ts', "import { openDatabase } from '../src/adapters/postgres/database.ts';"],
    ['src/cli/x.ts', "import { startSystem } from '../local-system/system.ts';"],
    ['stand-ins/fleet/x.ts', "import { score } from '../../edge/score.ts';"],
  ])('%s: %s', async (file, code) => {
    expect(await messages(file, `${code}\n`)).toEqual([]);
  });
});

test('a circle of imports is refused, also one of types alone', () => {
  const folder = tempFolder('circle');
  writeFileSync(join(folder.path, 'a.ts'), "import type { B } from './b.ts';\nexport type A = B | 1;\n");
  writeFileSync(join(folder.path, 'b.ts'), "import type { A } from './a.ts';\nexport type B = A | 2;\n");
  const config = join(root, 'lint/dependency-cruiser.js');
  const { status, stdout } = spawnSync('npx', ['depcruise', '--config', config, folder.path], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/no-circular: .*a\.ts/);
  expect(status).not.toBe(0);
  folder.remove();
});
