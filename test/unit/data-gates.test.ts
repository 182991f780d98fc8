import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { judgeData } from '../../src/cli/commands/check/judge-data.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import { projectSchema } from '../../src/contracts/project/project.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { sensorCsv, writeBelow } from '../support/sensor-data.ts';
import type { SensorFileOptions } from '../support/sensor-data.ts';
import { noSkab, SKAB } from '../support/real-data.ts';
import { testUnless } from '../support/unless.ts';

const SPEC = projectSpec();
const NOW = Date.UTC(2026, 5, 1);
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-gates-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What `windlass check data` says of a folder. */
async function gatesOf(source = 'data', spec: ProjectSpec = SPEC, now = NOW): Promise<GateResult[]> {
  const opened = await createDataSources().open(source, { cwd: dir, timestamp: spec.data.timestamp });
  return (await judgeData(opened, spec, { files: sensorFiles, now })).gates;
}

/** The spec with other data settings. */
function withData(data: Partial<ProjectSpec['data']>): ProjectSpec {
  return projectSpec({ data: { ...SPEC.data, ...data } });
}

/** Four good pumps, one per fold. */
function goodPumps(): void {
  for (const pump of [0, 1, 2, 3])
    writeBelow(dir, `data/pump-${pump}.csv`, sensorCsv({ seed: pump + 1, anomalyFrom: 500 }));
}

test('good data pass every gate, and each gate says how much it looked at', async () => {
  goodPumps();
  const gates = await gatesOf();
  expect(gates.filter((g) => g.status !== 'pass')).toEqual([]);
  expect(gates.length).toBeGreaterThanOrEqual(29);
  for (const gate of gates) expect(gate.n).toBeGreaterThan(0);
});

type Case = [
  name: string,
  gate: string,
  status: GateResult['status'],
  options: SensorFileOptions,
  reason: RegExp,
];
const replace =
  (row: number, cell: number, text: string): SensorFileOptions['change'] =>
  (r, cells) =>
    r === row ? cells.with(cell, text) : cells;

let keep: string[] = [];
const BROKEN: Case[] = [
  [
    'a clock that was not set',
    'believable-times',
    'fail',
    { change: (r, c) => (r >= 0 && r < 3 ? c.with(0, `1970-01-01 00:00:0${r}`) : c) },
    /3 times lie before 1990-01-01.*line 2: 1970-01-01T00:00:00/,
  ],
  [
    'seconds read as milliseconds',
    'timestamps',
    'fail',
    { change: (r, c) => (r >= 0 ? c.with(0, `17675712000${String(r).padStart(4, '0')}`) : c) },
    /600 times cannot be read/,
  ],
  [
    'a year in which nanoseconds end',
    'timestamps',
    'fail',
    { change: replace(7, 0, '2262-04-11 23:47:16') },
    /2262-04-11/,
  ],
  [
    'a row that stands there twice',
    'duplicate-rows',
    'fail',
    { change: (r, c) => (r === 5 ? (keep = c) : r === 6 ? keep : c) },
    /line 8: the same as line 7/,
  ],
  [
    'two offsets to and fro',
    'time-zones',
    'fail',
    { change: (r, c) => (r < 0 ? c : c.with(0, `${c[0]}${r % 2 === 0 ? '+01:00' : '+02:00'}`)) },
    /300 times with \+01:00.*300 times with \+02:00, the first in line 3/,
  ],
  [
    'summer time after winter time',
    'time-zones',
    'pass',
    {
      change: (r, c) =>
        r < 0 ? c : c.with(0, r < 300 ? `${c[0]}+01:00` : `${c[0]?.replace(' 00', ' 01')}+02:00`),
    },
    /one offset/,
  ],
  [
    'local time across a change of clocks',
    'daylight-saving',
    'warn',
    {
      change: (r, c) => {
        const at = new Date(Date.UTC(2026, 2, 29, 1, 55) + r * 1000 + (r >= 300 ? 3_600_000 : 0));
        return r < 0 ? c : c.with(0, at.toISOString().slice(0, 19).replace('T', ' '));
      },
    },
    /steps of an hour on a Sunday night/,
  ],
  [
    'the header once more, as of files put together',
    'timestamps',
    'fail',
    { change: (r, c) => (r === 300 ? ['datetime', ...SPEC.data.columns.map((x) => x.name), 'anomaly'] : c) },
    /line 302: "datetime"/,
  ],
  ['tabs as separator', 'required-columns', 'fail', { delimiter: '\t' as ';' }, /no column "datetime"/],
  ['thousands separators', 'numeric-values', 'fail', { change: replace(3, 7, '1,234.5') }, /"1,234\.5"/],
  ['a number beyond float32', 'finite-values', 'fail', { change: replace(3, 3, '1e39') }, /1e39/],
  ['only a header', 'enough-rows', 'fail', { rows: 0 }, /0 rows/],
  [
    'missing labels',
    'labels',
    'fail',
    { change: (r, c) => (r < 0 ? c : c.with(9, '')) },
    /600 values of "anomaly" are neither 0 nor 1 \(600 of them missing\)/,
  ],
  [
    'a file that is all anomaly',
    'label-balance',
    'warn',
    { change: (r, c) => (r >= 400 ? c.with(9, '1') : c) },
    /all 200 rows/,
  ],
  [
    'unlabelled faults while calibrating',
    'steady-baseline',
    'warn',
    { change: (r, c) => (r >= 200 && r < 220 ? c.with(4, '9.5') : c) },
    /line 202: Pressure is 9\.5/,
  ],
  [
    'another operating point in part of the calibration rows',
    'steady-baseline',
    'warn',
    { change: (r, c) => (r >= 300 && r < 400 ? c.with(5, (Number(c[5]) * 1.5).toFixed(4)) : c) },
    /Temperature is about 10\d(\.\d)? from line 302 on, 7\d(\.\d+)? in all/,
  ],
  [
    'a line of a megabyte',
    'whole-rows',
    'fail',
    { change: replace(20, 3, '9'.repeat(1_100_000)) },
    /line 22: .*longer than 1 MB/,
  ],

  [
    'a column that is missing',
    'required-columns',
    'fail',
    { change: (_r, c) => c.toSpliced(4, 1) },
    /pump-9\.csv.*no column "Pressure"/,
  ],
  [
    'a renamed time column',
    'required-columns',
    'fail',
    { change: replace(-1, 0, 'time') },
    /no column "datetime"/,
  ],
  [
    'a doubled column',
    'distinct-columns',
    'fail',
    { change: (_r, c) => [...c, c[4] ?? ''] },
    /"Pressure" occurs more than once/,
  ],
  [
    'duplicate timestamps',
    'duplicate-timestamps',
    'fail',
    { change: replace(5, 0, '2026-01-05 00:00:04') },
    /1 duplicate timestamps in pump-9\.csv \(2026-01-05T00:00:04\.000Z in line 6 and again in line 7\)/,
  ],
  [
    'rows out of order',
    'time-order',
    'fail',
    { change: replace(9, 0, '2026-01-04 23:00:00') },
    /line 11: 2026-01-04T23:00:00/,
  ],
  [
    'a time that does not exist',
    'timestamps',
    'fail',
    { change: replace(7, 0, '2026-02-30 00:00:07') },
    /line 9: "2026-02-30 00:00:07"/,
  ],
  [
    'a day-first time',
    'timestamps',
    'fail',
    { change: replace(7, 0, '05.01.2026 00:00:07') },
    /Accepted are times such as/,
  ],
  [
    'two ways of writing the time',
    'time-format',
    'fail',
    { change: (r, c) => (r > 300 ? c.with(0, `${c[0]?.replace(' ', 'T')}Z`) : c) },
    /299 rows .*301 rows like 2020-03-09 10:14:33; 299 rows like 2020-03-09T10:14:33Z/,
  ],
  [
    'text among the readings',
    'numeric-values',
    'fail',
    { change: replace(3, 2, 'high') },
    /line 5: Accelerometer2RMS is "high"/,
  ],
  [
    'a decimal comma',
    'numeric-values',
    'fail',
    { change: (r, c) => (r < 0 ? c : c.with(5, c[5]?.replace('.', ',') ?? '')) },
    /600 readings are not numbers/,
  ],
  ['hexadecimal', 'numeric-values', 'fail', { change: replace(3, 2, '0x1F') }, /0x1F/],
  ['infinity', 'finite-values', 'fail', { change: replace(3, 3, '-Inf') }, /line 5: Current is "-Inf"/],
  ['a number too large to hold', 'finite-values', 'fail', { change: replace(3, 3, '1e999') }, /1e999/],
  [
    'many missing readings',
    'missing-values',
    'fail',
    { change: (r, c) => (r >= 0 && r % 10 === 0 ? c.with(2, r % 20 === 0 ? '' : 'NaN') : c) },
    /5\.0 % .*pump-9\.csv \(line 2: no value of Accelerometer2RMS/,
  ],
  ['few missing readings', 'missing-values', 'pass', { change: replace(3, 2, '') }, /0\.17 %/],
  [
    'a column out of range',
    'value-ranges',
    'fail',
    { change: (r, c) => (r > 500 ? c.with(5, '9999') : c) },
    /Temperature from [\d.]+ to 9999, allowed -20 to 150 °C, 99 rows outside/,
  ],
  [
    'a few readings out of range',
    'value-ranges',
    'warn',
    { change: (r, c) => (r > 594 ? c.with(5, '9999') : c) },
    /5 rows outside \(0\.83 %\)/,
  ],
  [
    'a stuck sensor',
    'stuck-sensors',
    'warn',
    { change: (r, c) => (r >= 100 && r < 200 ? c.with(6, '25') : c) },
    /Thermocouple is 25 for 100 rows from line 102/,
  ],
  [
    'a long gap',
    'time-gaps',
    'warn',
    { change: (r, c) => (r > 300 ? c.with(0, `2026-01-06${c[0]?.slice(10)}`) : c) },
    /line 303: 86401 s after/,
  ],
  [
    'labels that are not 0 or 1',
    'labels',
    'fail',
    { change: (r, c) => (r === 3 ? c.with(9, '2') : r === 4 ? c.with(9, '') : c) },
    /2 values of "anomaly" are neither.*line 5: "2"; line 6: ""/,
  ],
  [
    'a few anomalies while calibrating',
    'clean-baseline',
    'warn',
    { change: (r, c) => (r === 100 ? c.with(9, '1') : c) },
    /1 of the first 400 rows \(0\.25 %\)/,
  ],
  [
    'anomalies while calibrating',
    'clean-baseline',
    'fail',
    { anomalyFrom: 300 },
    /100 of the first 400 rows \(25\.0 %\)/,
  ],
  ['too few rows', 'enough-rows', 'fail', { rows: 459 }, /fewer than 460 rows .*pump-9\.csv \(459 rows\)/],
  [
    'a row that is cut off',
    'whole-rows',
    'fail',
    { change: (r, c) => (r === 599 ? c.slice(0, 4) : c) },
    /line 601: 4 cells, the header has 10/,
  ],
  [
    'a row with too many cells',
    'whole-rows',
    'fail',
    { change: (r, c) => (r === 50 ? [...c, '1'] : c) },
    /line 52: 11 cells/,
  ],
  [
    'a quote that is not closed',
    'whole-rows',
    'fail',
    { change: replace(20, 3, '"1.5') },
    /a quote is not closed/,
  ],
];

test.each(BROKEN)('%s: %s says %s', async (_name, gate, status, options, reason) => {
  goodPumps();
  writeBelow(dir, 'data/pump-9.csv', sensorCsv({ seed: 9, anomalyFrom: 500, ...options }));
  const gates = await gatesOf();
  const found = gates.find((g) => g.name === gate);
  expect(found).toMatchObject({ status, reason: expect.stringMatching(reason) });
  if (status !== 'fail') expect(blockingGates(gates)).toEqual([]);
});

describe('what a data set needs as a whole', () => {
  test('the same content under two names', async () => {
    goodPumps();
    writeBelow(dir, 'data/copy-7.csv', sensorCsv({ seed: 2, anomalyFrom: 500 }));
    expect((await gatesOf()).find((g) => g.name === 'distinct-files')).toMatchObject({
      status: 'fail',
      reason: expect.stringContaining('copy-7.csv = pump-1.csv'),
    });
  });

  test('a fold without a file', async () => {
    goodPumps();
    rmSync(join(dir, 'data/pump-2.csv'));
    expect((await gatesOf()).find((g) => g.name === 'groups-per-fold')).toMatchObject({
      status: 'fail',
      observed: 0,
      reason: expect.stringContaining('fold 2 of 4'),
    });
  });

  test('no labels at all is insufficient, never a pass', async () => {
    writeBelow(dir, 'data/pump-1.csv', sensorCsv({ labelled: false }));
    const gates = await gatesOf();
    expect(gates.find((g) => g.name === 'groups-per-fold')?.status).toBe('insufficient');
    expect(gates.find((g) => g.name === 'label-classes')?.status).toBe('fail');
    expect(blockingGates(gates).map((g) => g.name)).toEqual(['label-classes', 'groups-per-fold']);
  });

  test('labels of one kind only', async () => {
    for (const pump of [0, 1, 2, 3]) writeBelow(dir, `data/${pump}.csv`, sensorCsv({ seed: pump + 1 }));
    expect((await gatesOf()).find((g) => g.name === 'label-classes')).toMatchObject({
      status: 'fail',
      observed: '0 anomalous, 800 healthy',
    });
  });

  test('a short file that is never scored is only a warning', async () => {
    goodPumps();
    writeBelow(dir, 'data/healthy.csv', sensorCsv({ rows: 100, labelled: false }));
    expect((await gatesOf()).find((g) => g.name === 'enough-rows')?.status).toBe('warn');
  });
});

testUnless(noSkab)('the measurements of the real pump bench pass', async () => {
  const gates = await gatesOf(SKAB, projectSpec({ evaluation: { include: ['valve1/'] } }));
  expect(blockingGates(gates)).toEqual([]);
  expect(gates.find((g) => g.name === 'groups-per-fold')?.evidence).toEqual({ groupsPerFold: [4, 4, 4, 4] });
  // Two recordings of the bench were interrupted for more than a minute; nothing else is odd.
  expect(gates.filter((g) => g.status === 'warn').map((g) => [g.name, g.observed])).toEqual([
    ['time-gaps', 2],
  ]);
});

test('evidence names file, row, column and value of the first rows, ten at most', async () => {
  goodPumps();
  const broken = (r: number, c: string[]) => (r >= 10 && r < 40 ? c.with(2, `x${r}`) : c);
  for (const pump of [4, 5, 6])
    writeBelow(dir, `data/pump-${pump}.csv`, sensorCsv({ seed: pump + 1, anomalyFrom: 500, change: broken }));
  const gate = (await gatesOf()).find((g) => g.name === 'numeric-values');
  expect(gate).toMatchObject({ status: 'fail', observed: 90, n: 4200 });
  expect(gate?.evidence?.files).toEqual([4, 5, 6].map((n) => ({ path: `pump-${n}.csv`, count: 30 })));
  expect(gate?.evidence?.rows).toHaveLength(10);
  const where = { file: 'pump-5.csv', line: 12, column: 'Accelerometer2RMS', value: 'x10' };
  const problem = 'line 12: Accelerometer2RMS is "x10"';
  expect((gate?.evidence?.rows as unknown[])[1]).toEqual({ ...where, problem });
});

describe('what is held out must be unseen', () => {
  const shifted = (options: SensorFileOptions): string =>
    sensorCsv({ anomalyFrom: 500, ...options }).replaceAll('2026-01-05', '2026-01-09');

  test('a copy with other times, in another fold', async () => {
    goodPumps();
    writeBelow(dir, 'data/copy-6.csv', shifted({ seed: 1 }));
    const gate = (await gatesOf()).find((g) => g.name === 'unseen-rows');
    expect(gate).toMatchObject({
      status: 'fail',
      reason: expect.stringMatching(/pump-0\.csv \(.*copy-6\.csv|copy-6/),
    });
    expect(gate?.observed).toBeGreaterThan(0.9);
  });

  test('a stretch of an hour at another place of another file', async () => {
    goodPumps();
    const other = sensorCsv({ seed: 1, anomalyFrom: 500 }).split('\n').slice(1);
    const pasted = (r: number, c: string[]) =>
      r >= 300 && r < 400 ? [c[0] ?? '', ...(other[r - 150]?.split(';').slice(1) ?? [])] : c;
    writeBelow(dir, 'data/pump-6.csv', sensorCsv({ seed: 7, anomalyFrom: 500, change: pasted }));
    const gate = (await gatesOf()).find((g) => g.name === 'unseen-rows');
    expect(gate).toMatchObject({ status: 'fail', reason: expect.stringContaining('of pump-0.csv') });
    const [row] = gate?.evidence?.rows as { line: number; problem: string }[];
    const [, line = '', at = ''] = /line (\d+) is line (\d+) there/.exec(row?.problem ?? '') ?? [];
    // the stretch stands 150 rows later than in its origin
    expect(Number(line) - Number(at)).toBe(150);
  });

  test('in the same fold it is no leak, and a file that is never held out trains everywhere', async () => {
    goodPumps();
    writeBelow(dir, 'data/copy-4.csv', shifted({ seed: 1 }));
    expect((await gatesOf()).find((g) => g.name === 'unseen-rows')?.status).toBe('pass');
    const spec = projectSpec({ evaluation: { include: ['pump-'] } });
    expect((await gatesOf('data', spec)).find((g) => g.name === 'unseen-rows')?.status).toBe('fail');
  });

  test('files of one device share a fold, and must not cover the same time', async () => {
    for (const n of [0, 1, 2, 3])
      for (const part of ['a', 'b']) {
        const csv = sensorCsv({ seed: n + 1 + (part === 'a' ? 0 : 10), anomalyFrom: 500 });
        writeBelow(
          dir,
          `data/pump-${n}/${part}-77.csv`,
          part === 'a' ? csv : csv.replaceAll('2026-01-05', '2026-01-06'),
        );
      }
    const spec = withData({ device: '(pump-[0-9]+)/' });
    const gates = await gatesOf('data', spec);
    expect(gates.find((g) => g.name === 'groups-per-fold')?.evidence).toEqual({
      groupsPerFold: [2, 2, 2, 2],
    });
    expect(gates.find((g) => g.name === 'device-spans')).toMatchObject({
      status: 'pass',
      reason: expect.stringContaining('4 devices'),
    });
    writeBelow(dir, 'data/pump-2/c-1.csv', sensorCsv({ seed: 40, anomalyFrom: 500 }));
    expect((await gatesOf('data', spec)).find((g) => g.name === 'device-spans')).toMatchObject({
      status: 'warn',
      reason: expect.stringMatching(/pump-2 from 2026-01-05T00:00:00.000Z on is also in pump-2\/a-77\.csv/),
    });
  });
});

describe('thresholds of windlass.yaml', () => {
  const stuck: SensorFileOptions = { change: (r, c) => (r >= 100 && r < 150 ? c.with(6, '25') : c) };
  test('change what a gate sees, and what it says', async () => {
    goodPumps();
    writeBelow(dir, 'data/pump-9.csv', sensorCsv({ seed: 9, anomalyFrom: 500, ...stuck }));
    const statusOf = async (gates: ProjectSpec['data']['gates']) =>
      (await gatesOf('data', withData({ gates }))).find((g) => g.name === 'stuck-sensors')?.status;
    expect(await statusOf(undefined)).toBe('pass');
    expect(await statusOf({ stuckRows: 50 })).toBe('warn');
    expect(await statusOf({ stuckRows: 50, levels: { 'stuck-sensors': 'fail' } })).toBe('fail');
  });

  test.each([
    [{ levels: { 'required-columns': 'warn' } }, 'levels'],
    [{ earliest: 'yesterday' }, 'earliest'],
    [{ gapFactors: 3 }, 'gapFactors'],
  ])('%j is refused', (gates, field) => {
    const spec = { ...structuredClone(SPEC), data: { ...SPEC.data, gates } };
    expect(JSON.stringify(projectSchema.safeParse(spec).error?.issues)).toContain(field);
  });

  test('a device pattern needs exactly one group', () => {
    for (const device of ['(', 'pump', '(a)(b)'])
      expect(projectSchema.safeParse({ ...SPEC, data: { ...SPEC.data, device } }).success).toBe(false);
  });
});

test('windlass check data prints verdict and gates, and its exit code says whether a build would refuse the data', async () => {
  goodPumps();
  const project = join(dir, 'project');
  writeBelow(project, 'windlass.yaml', JSON.stringify(SPEC));
  const main = join(import.meta.dirname, '../../src/cli/main.ts');
  const check = async () => {
    const args = [main, 'check', 'data', join(dir, 'data'), '--project', project, '--json'];
    const run = promisify(execFile)(process.execPath, args, { cwd: dir });
    const { stdout, code } = await run.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: { stdout: string; code: number }) => error,
    );
    return { code, ...(JSON.parse(stdout) as { verdict: string; gates: GateResult[] }) };
  };
  const good = await check();
  expect([good.code, good.verdict, blockingGates(good.gates)]).toEqual([0, 'pass', []]);
  writeBelow(dir, 'data/pump-9.csv', sensorCsv({ seed: 9, change: replace(3, 3, 'Inf') }));
  const bad = await check();
  expect([bad.code, bad.verdict]).toEqual([21, 'fail']);
  expect(bad.gates.find((g) => g.name === 'finite-values')?.evidence?.rows).toEqual([
    { file: 'pump-9.csv', line: 5, column: 'Current', value: 'Inf', problem: 'line 5: Current is "Inf"' },
  ]);
  // nothing is started, nothing is kept
  expect(readdirSync(dir).sort()).toEqual(['data', 'project']);
});

test('a file that grows while it is read is refused by its name', async () => {
  goodPumps();
  const opened = await createDataSources().open('data', { cwd: dir, timestamp: 'datetime' });
  const examine: typeof sensorFiles.examine = async (path, spec) => {
    const table = await sensorFiles.examine(path, spec);
    if (path.endsWith('pump-2.csv')) appendFileSync(path, '2026-01-05 00:10:00;1;1;1;1;1;1;1;1;0\n');
    return table;
  };
  const { gates } = await judgeData(opened, SPEC, { files: { examine }, now: NOW });
  expect(gates[0]).toMatchObject({
    name: 'readable-files',
    status: 'fail',
    reason: expect.stringContaining('pump-2.csv changed while'),
  });
});
