import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkData, snapshotData } from '../../activities/data/data-sets.ts';
import type { DataDeps } from '../../activities/data/data-sets.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project.ts';
import { blockingGates } from '../../src/domain/gates.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { sensorCsv, writeBelow } from '../support/sensor-data.ts';
import type { SensorFileOptions } from '../support/sensor-data.ts';

const REAL = join(import.meta.dirname, '../../../shared/data/skab');
const SPEC = projectSpec();
let dir = '';
let deps: DataDeps;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-gates-'));
  deps = {
    artefacts: createFileArtefactStore(join(dir, 'artefacts')),
    registry: { recordData: async () => undefined, lastData: async () => undefined },
    files: sensorFiles,
    cwd: dir,
  };
});
afterEach(() => rmSync(dir, { recursive: true }));

async function gatesOf(source = 'data', spec: ProjectSpec = SPEC): Promise<GateResult[]> {
  return checkData(deps, { ref: await snapshotData(deps, { source, spec }), spec });
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
  expect(gates.length).toBeGreaterThanOrEqual(17);
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

const BROKEN: Case[] = [
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

describe('files that cannot be read', () => {
  test.each<[string, string, string | Buffer, RegExp]>([
    ['an empty file', 'pump-9.csv', '', /pump-9\.csv \(the file is empty\)/],
    ['a compressed file', 'pump-9.csv', gzipSync(sensorCsv()), /not UTF-8 text/],
    ['another encoding', 'pump-9.csv', Buffer.from(sensorCsv(), 'utf16le'), /NUL characters|not UTF-8/],
    ['CSV named Parquet', 'pump-9.parquet', sensorCsv(), /cannot be read as Parquet/],
    ['only line breaks', 'pump-9.csv', '\n\n\n', /no header/],
  ])('%s', async (_name, path, content, reason) => {
    goodPumps();
    writeBelow(dir, `data/${path}`, content);
    const gates = await gatesOf();
    expect(gates.find((g) => g.name === 'readable-files')).toMatchObject({
      status: 'fail',
      observed: 1,
      reason: expect.stringMatching(reason),
    });
  });
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

(existsSync(REAL) ? test : test.skip)('the measurements of the real pump bench pass', async () => {
  const spec = projectSpec({ evaluation: { include: ['valve1/'] } });
  const ref = await snapshotData(deps, { source: REAL, spec });
  expect(ref).toMatchObject({ files: 17, rows: 27_565 });
  const gates = await checkData(deps, { ref, spec });
  expect(blockingGates(gates)).toEqual([]);
  expect(gates.find((g) => g.name === 'groups-per-fold')?.evidence).toEqual({ groupsPerFold: [4, 4, 4, 4] });
});
