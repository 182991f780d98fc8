import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { judgeData } from '../../src/cli/commands/check/judge-data.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { sensorCsv, writeBelow } from '../support/sensor-data.ts';
import { testUnless } from '../support/unless.ts';

const SPEC = projectSpec();
const OPTIONS = { cwd: '/', timestamp: 'datetime' };
let dir = '';
let instance: DuckDBInstance;
let duckdb: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:', { threads: '1', force_mbedtls_unsafe: 'true' });
  duckdb = await instance.connect();
  await duckdb.run(`set timezone = 'UTC'`);
  await duckdb.run(`pragma add_parquet_key('key', '0123456789112345')`);
});
afterAll(() => {
  duckdb.closeSync();
  instance.closeSync();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-hostile-'));
  for (const pump of [0, 1, 2, 3])
    writeBelow(dir, `pump-${pump}.csv`, sensorCsv({ seed: pump + 1, anomalyFrom: 500 }));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function gatesOf(): Promise<GateResult[]> {
  const source = await createDataSources().open(dir, OPTIONS);
  return (await judgeData(source, SPEC, { files: sensorFiles, now: Date.UTC(2026, 5, 1) })).gates;
}

async function expectGate(gate: string, status: GateResult['status'], reason: RegExp): Promise<void> {
  const gates = await gatesOf();
  expect(gates.find((g) => g.name === gate)).toMatchObject({ status, reason: expect.stringMatching(reason) });
  if (status !== 'fail') expect(blockingGates(gates)).toEqual([]);
}

const GOOD = sensorCsv({ seed: 9, anomalyFrom: 500 });
const path = (name: string): string => join(dir, name);

/** A Parquet file of good rows whose columns are replaced, e.g. `1/0 as Pressure`. */
async function parquet(name: string, replace: string, options = ''): Promise<void> {
  writeFileSync(path('in.txt'), GOOD);
  const columns = replace === '' ? '*' : `* replace (${replace})`;
  await duckdb.run(
    `copy (select ${columns} from read_csv('${path('in.txt')}', delim = ';')) to '${path(name)}' (format parquet ${options})`,
  );
}

describe('CSV files', () => {
  test.each<[string, string | Buffer, string, RegExp]>([
    ['is empty', '', 'readable-files', /pump-9\.csv \(the file is empty\)/],
    ['has only line breaks', '\n\n\n', 'readable-files', /no header/],
    ['holds a NUL', GOOD.replace('0', '\0'), 'readable-files', /NUL characters/],
    ['is compressed', gzipSync(GOOD), 'readable-files', /not UTF-8 text/],
    ['is UTF-16', Buffer.from(`\ufeff${GOOD}`, 'utf16le'), 'readable-files', /not UTF-8 text/],
    ['is UTF-16 without a mark', Buffer.from(GOOD, 'utf16le'), 'readable-files', /NUL characters/],
    ['is Latin-1', Buffer.from(GOOD.replace('0', '°'), 'latin1'), 'readable-files', /not UTF-8/],
    ['has no line break', 'x'.repeat(3_000_000), 'readable-files', /no header: the first line is longer/],
    ['is a web page', '<!doctype html>\n<p>Sign in</p>\n', 'required-columns', /no column "datetime"/],
  ])('one that %s', async (_name, content, gate, reason) => {
    writeBelow(dir, 'pump-9.csv', content);
    await expectGate(gate, 'fail', reason);
  });

  test('a byte order mark and Windows line ends are no fault', async () => {
    writeBelow(dir, 'pump-9.csv', `\ufeff${GOOD.replaceAll('\n', '\r\n')}`);
    expect((await gatesOf()).filter((gate) => gate.status !== 'pass')).toEqual([]);
  });
});

describe('Parquet files: what DuckDB reads without a word', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'infinite readings',
      `case when Pressure > 0.1 then 'inf'::double else Pressure end as Pressure`,
      'finite-values',
      /Pressure is Infinity/,
    ],
    ['not-a-number in every reading', `'nan'::double as Pressure`, 'missing-values', /no value of Pressure/],
    [
      'text for numbers',
      `Pressure::varchar || ' bar' as Pressure`,
      'numeric-values',
      /Pressure is "0\.\d+ bar"/,
    ],
    [
      'nested readings',
      `{'value': Pressure, 'unit': 'bar'} as Pressure`,
      'numeric-values',
      /Pressure is "\{'value'/,
    ],
    ['a list of readings', `[Pressure] as Pressure`, 'numeric-values', /Pressure is "\[/],
    ['times that are null', `null::timestamp as datetime`, 'timestamps', /600 times cannot be read/],
    ['a time that never comes', `'infinity'::timestamp as datetime`, 'timestamps', /cannot be read/],
    [
      'seconds taken for microseconds',
      `make_timestamp(epoch(datetime)::bigint) as datetime`,
      'believable-times',
      /600 times lie before 1990-01-01.*1970-01-01T00:29/,
    ],
    [
      'the last year of nanoseconds',
      `timestamp_ns '2262-04-11 23:47:16' as datetime`,
      'believable-times',
      /after 2100-01-01.*2262-04-11/,
    ],
    ['days for times', `datetime::date as datetime`, 'duplicate-timestamps', /599 duplicate/],
    [
      'labels of two',
      `anomaly * 2 as anomaly`,
      'labels',
      /100 values of "anomaly" are neither 0 nor 1 in pump-9.parquet \(line 501: 2/,
    ],
  ])('%s', async (_name, replace, gate, reason) => {
    await parquet('pump-9.parquet', replace);
    await expectGate(gate, 'fail', reason);
  });

  test('whole numbers as times are seconds or milliseconds by their size', async () => {
    await parquet('pump-9.parquet', `epoch(datetime)::bigint as datetime`);
    await parquet('pump-8.parquet', `epoch_ms(datetime)::double as datetime`);
    const spans = await Promise.all(
      ['pump-9.parquet', 'pump-8.parquet'].map((name) => sensorFiles.describe(path(name), SPEC.data)),
    );
    for (const { from, to, rows } of spans)
      expect([from, to, rows]).toEqual(['2026-01-05T00:00:00.000Z', '2026-01-05T00:09:59.000Z', 600]);
  });

  test('a column that is there twice, which DuckDB renames', async () => {
    await parquet('pump-9.parquet', '');
    await duckdb.run(
      `copy (select *, Pressure as Pressurf from '${path('pump-9.parquet')}') to '${path('two.parquet')}'`,
    );
    const bytes = readFileSync(path('two.parquet'), 'latin1').replaceAll('Pressurf', 'Pressure');
    writeFileSync(path('pump-9.parquet'), bytes, 'latin1');
    rmSync(path('two.parquet'));
    const { columns } = await sensorFiles.describe(path('pump-9.parquet'), SPEC.data);
    expect(columns.filter((name) => name === 'Pressure')).toHaveLength(2);
    await expectGate('distinct-columns', 'fail', /"Pressure" occurs more than once/);
  });

  test('truncated, encrypted, or not Parquet at all', async () => {
    await parquet('pump-9.parquet', '');
    const whole = readFileSync(path('pump-9.parquet'));
    await parquet('pump-7.parquet', '', `, encryption_config {footer_key: 'key'}`);
    writeFileSync(path('pump-9.parquet'), whole.subarray(0, whole.length - 100));
    writeFileSync(path('pump-8.parquet'), GOOD);
    const gate = (await gatesOf()).find((g) => g.name === 'readable-files');
    expect(gate).toMatchObject({ status: 'fail', observed: 3 });
    const problems = (gate?.evidence?.rows as { file: string; problem: string }[]).map(
      (r) => `${r.file} ${r.problem}`,
    );
    for (const name of ['pump-7', 'pump-8', 'pump-9'])
      expect(problems.join('\n')).toContain(`${name}.parquet it cannot be read as Parquet`);
    expect(problems.join('\n')).toMatch(/pump-7.*encrypt/i);
  });

  test('the middle overwritten', async () => {
    await parquet('pump-9.parquet', '');
    const bytes = readFileSync(path('pump-9.parquet'));
    bytes.fill(0xff, 40, Math.floor(bytes.length / 2));
    writeFileSync(path('pump-9.parquet'), bytes);
    const blocking = blockingGates(await gatesOf());
    expect(blocking.length).toBeGreaterThan(0);
    expect(blocking.map((g) => g.reason).join()).toContain('pump-9.parquet');
  });
});

describe('what is no file of this folder', () => {
  const refused = (reason: RegExp) => expectGate('readable-files', 'fail', reason);

  test('a link that leads out of it', async () => {
    symlinkSync('/etc/passwd', path('pump-9.csv'));
    await refused(/pump-9\.csv \(is a link that leads out of the source, to \/etc\/passwd\)/);
  });

  test('a link to nothing, and one to itself', async () => {
    symlinkSync('gone.csv', path('pump-8.csv'));
    symlinkSync('pump-9.csv', path('pump-9.csv'));
    await refused(/2 files cannot be read.*pump-8\.csv \(is a link that leads nowhere\)/);
  });

  test('a link within the folder is followed', async () => {
    mkdirSync(path('raw'));
    writeBelow(dir, 'raw/x.txt', GOOD);
    symlinkSync('raw/x.txt', path('pump-9.csv'));
    expect((await gatesOf()).filter((gate) => gate.status !== 'pass')).toEqual([]);
  });

  test('a named pipe is refused and never opened', async () => {
    execFileSync('mkfifo', [path('pump-9.csv')]);
    await refused(/pump-9\.csv \(is a named pipe\)/);
    const alone = await createDataSources().open(path('pump-9.csv'), OPTIONS);
    expect(alone.files[0]?.problem).toBe('is a named pipe');
  });

  test('an endless device behind a link', async () => {
    symlinkSync('/dev/zero', path('pump-9.csv'));
    await refused(/leads out of the source, to \/dev\/zero/);
  });

  test('a folder that is called like a file', async () => {
    mkdirSync(path('pump-9.csv'));
    await refused(/pump-9\.csv \(is a folder without data files\)/);
    writeBelow(dir, 'pump-9.csv/part-0.csv', GOOD);
    expect((await gatesOf())[0]).toMatchObject({ status: 'pass', reason: 'all 5 files can be read' });
  });

  testUnless(process.getuid?.() === 0 ? 'root may read every file' : undefined)(
    'a file that this user may not read',
    async () => {
      writeBelow(dir, 'pump-9.csv', GOOD);
      chmodSync(path('pump-9.csv'), 0);
      await refused(/pump-9\.csv \(may not be read by this user\)/);
    },
  );

  test('a name with a line break', async () => {
    writeBelow(dir, 'pump\n9.csv', GOOD);
    await refused(/control character/);
  });
});
