import { join } from 'node:path';
import { ESLint } from 'eslint';

const root = join(import.meta.dirname, '../..');
const eslint = new ESLint({
  cwd: root,
  // Snippets are no files of the project, so rules that need its types are left out here.
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => ruleId === 'windlass/import-boundaries',
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
    ['edge/x.ts', "import { gate } from '../src/domain/gates.ts';", /shipped on its own/],
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
      "import { startSystem } from '../../services/system.ts';",
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
    ['src/cli/x.ts', "import { startSystem } from '../services/system.ts';"],
    ['stand-ins/fleet/x.ts', "import { score } from '../../edge/score.ts';"],
  ])('%s: %s', async (file, code) => {
    expect(await messages(file, `${code}\n`)).toEqual([]);
  });
});
