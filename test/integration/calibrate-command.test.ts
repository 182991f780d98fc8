import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calibrateGroups } from '../../activities/calibration/calibrate-groups.ts';
import type { CalibrateDeps } from '../../activities/calibration/run-calibrate-command.ts';
import { endOrphans } from '../../src/adapters/process/orphans.ts';
import { runCommand } from '../../src/adapters/process/run-command.ts';
import type { RuntimeEnvironment } from '../../src/ports/project-runtime.ts';
import { artefact, projectSpec } from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const root = tempFolder('calibrate');
afterAll(() => root.remove());

const TENSORS = [
  { name: 'centre', shape: [8] },
  { name: 'span', shape: [2, 8] },
];
const ROWS = 5;
/** A project's calibrate command, written for Node: medians and ranges of the CSV columns. */
const CALIBRATE = `
const { readFileSync, writeFileSync } = require('node:fs');
const [from, to] = [process.env.WINDLASS_COMMISSIONING, process.env.WINDLASS_OUT];
const manifest = JSON.parse(readFileSync(from + '/manifest.json', 'utf8'));
for (const { file, out } of manifest.groups) {
  const [, ...lines] = readFileSync(from + '/' + file, 'utf8').trim().split('\\n');
  const columns = manifest.columns.map((_, c) =>
    lines.map((line) => line.split(',')[c]).filter((cell) => cell !== '').map(Number).sort((a, b) => a - b));
  const centre = columns.map((values) => values[values.length >> 1]);
  const span = [columns.map((values) => values[0]), columns.map((values) => values.at(-1))];
  writeFileSync(to + '/' + out, JSON.stringify(CHANGE({ centre, span })));
}`;

let runs = 0;
async function calibrate(source: string, options: { timeoutSeconds?: number } = {}) {
  runs += 1;
  const folder = join(root.path, String(runs));
  const run = `"${process.execPath}" calibrate.cjs`;
  const environment = { key: 'node' } as RuntimeEnvironment;
  const deps: CalibrateDeps = {
    artefacts: { read: async () => Buffer.alloc(0) } as unknown as CalibrateDeps['artefacts'],
    source: {
      readBundle: async () => [{ path: 'requirements.lock', kind: 'file', content: Buffer.alloc(0) }],
      unpack: async (_bundle, target) => {
        mkdirSync(target, { recursive: true });
        writeFileSync(join(target, 'calibrate.cjs'), source);
      },
    },
    runtime: {
      ensure: async () => environment,
      endOrphans: (_environment, pidFile) => endOrphans(pidFile),
      run: (_environment, command) =>
        runCommand({
          ...command,
          command: ['/bin/sh', '-c', command.run],
          env: { PATH: process.env.PATH ?? '', ...command.variables },
        }),
    },
  };
  const spec = projectSpec({
    model: {
      ...projectSpec().model,
      calibration: { fit: 'command', rows: ROWS, run, tensors: TENSORS, ...options },
    },
  });
  const groups = ['pump-a', 'pump-b'].map((group, g) => {
    const values = Float32Array.from({ length: 8 * 9 }, (_, i) => (i === 3 ? Number.NaN : g * 100 + i / 8));
    return { data: { group, rows: 9, values, labels: null } };
  });
  const code = { bundle: artefact('bundle'), spec };
  return { folder, groups: await calibrateGroups(deps, { code, groups }, { folder }) };
}
const changed = (change: string): string => CALIBRATE.replace('CHANGE', `(${change})`);

test('one run of the command fits every group on its first rows', async () => {
  const { folder, groups } = await calibrate(changed('(fitted) => fitted'));
  expect(groups.map((g) => g.calibration.tensors['centre']?.[0])).toEqual([2, 102]);
  expect([...(groups[1]?.calibration.tensors['span'] ?? [])]).toHaveLength(16);
  expect(groups[0]?.calibration.mean[0]).toBeCloseTo(2, 6);
  const [header, first, ...rest] = readFileSync(join(folder, 'commissioning/0.csv'), 'utf8')
    .trim()
    .split('\n');
  expect(header).toMatch(/^Accelerometer1RMS,.*,Volume Flow RateRMS$/);
  expect(first).toBe('0,0.125,0.25,,0.5,0.625,0.75,0.875');
  expect(rest).toHaveLength(ROWS - 1);
});

test.each([
  ['leaves a tensor out', '({ centre }) => ({ centre })', /pump-a: 0\.json: span is missing/],
  ['gives another shape', '(f) => ({ ...f, centre: [1] })', /centre is not numbers of shape \[8\]/],
  ['gives null for a number', '(f) => ({ ...f, centre: f.centre.fill(NaN) })', /centre is not numbers/],
])('a command that %s is refused', async (_, change, message) => {
  await expect(calibrate(changed(change))).rejects.toMatchObject({ code: 'CALIBRATION_FAILED', message });
});

test.each([
  ['fails', 'console.error("no such sensor"); process.exit(3)', /exit code 3[^]*no such sensor/],
  ['writes nothing', '', /pump-a: it did not write 0\.json/],
  [
    'names a file of the machine',
    `require('node:fs').symlinkSync('/etc/hostname', process.env.WINDLASS_OUT + '/0.json')`,
    /pump-a: 0\.json is a link to elsewhere/,
  ],
  [
    'writes without end',
    `const out = process.env.WINDLASS_OUT + '/0.json'; require('node:fs').writeFileSync(out, ' '.repeat(2 ** 20 + 1))`,
    /0\.json is larger than 1 MiB/,
  ],
  ['never ends', 'setInterval(() => {}, 1000)', /took longer than allowed/],
])('a command that %s says so', async (_, source, message) => {
  await expect(calibrate(source, { timeoutSeconds: 1 })).rejects.toMatchObject({
    code: 'CALIBRATION_FAILED',
    message,
  });
});
