import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { checkData, materializeData } from '../../activities/data/data-sets.ts';
import { dataSetDigest, readManifest } from '../../activities/data/manifest.ts';
import { snapshotData as takeSnapshot } from '../../activities/data/snapshot.ts';
import type { DataDeps, SnapshotRequest } from '../../activities/data/snapshot.ts';
import { seedHash } from '../../activities/data/seed-hash.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { readGroupRows, sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createDataIndex } from '../../src/adapters/postgres/registry/data-index.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import type { DataManifest } from '../../src/contracts/data/data-manifest.ts';
import { foldOf as foldOfFile } from '../../src/domain/data/fold-of.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { cpuGrowth, LINEAR } from '../support/cpu-growth.ts';
import { sensorCsv, writeBelow } from '../support/sensor-data.ts';

const SPEC = projectSpec();
let dir = '';
let deps: DataDeps;
let registry: Registry;
/** How far the clock of the sources is ahead, in ms. */
let later = 0;
let database: TestDatabase;
let db: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  // one is enough: each test has its data in a folder of its own
  database = await createTestDatabase();
  db = openDatabase(database.url);
  registry = createRegistry(db, systemClock);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-data-'));
  later = 0;
  deps = {
    artefacts: createFileArtefactStore(join(dir, 'artefacts')),
    registry,
    files: sensorFiles,
    sources: createDataSources({}, { now: () => new Date(Date.now() + later) }),
    index: createDataIndex(db, systemClock),
    cwd: dir,
  };
});
afterEach(() => rmSync(dir, { recursive: true }));

const snapshotData = async (from: DataDeps, request: SnapshotRequest) =>
  (await takeSnapshot(from, request)).ref;
const foldOf = (path: string, labelled: boolean, spec = SPEC) =>
  foldOfFile({ path, labelled }, spec, seedHash);
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

async function toParquet(csv: string, parquet: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`copy (from read_csv('${csv}', delim=';')) to '${parquet}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
}

describe('a snapshot', () => {
  test('keeps every file and says group, labels, fold and rows of each', async () => {
    const first = sensorCsv({ rows: 10, seed: 1 });
    const second = sensorCsv({ rows: 20, seed: 2, delimiter: ',', newline: '\r\n' });
    const healthy = sensorCsv({ rows: 30, seed: 3, labelled: false });
    writeBelow(dir, 'data/site-b/pump-6.csv', first);
    writeBelow(dir, 'data/site-a/pump-11.CSV', second);
    writeBelow(dir, 'data/healthy/run-5.csv', healthy);
    writeBelow(dir, 'data/readme.txt', 'no data');
    writeBelow(dir, 'data/.hidden/pump-1.csv', first);
    const ref = await snapshotData(deps, { source: 'data', spec: SPEC });
    expect(ref).toMatchObject({ source: 'data', files: 3, rows: 60, devices: 3 });
    expect([ref.from, ref.to]).toEqual(['2026-01-05T00:00:00.000Z', '2026-01-05T00:00:29.000Z']);
    expect(ref.columns).toContain('Volume Flow RateRMS');
    expect((await readManifest(deps.artefacts, ref)).files).toEqual([
      {
        path: 'healthy/run-5.csv',
        sha256: sha(healthy),
        rows: 30,
        group: 'healthy/run-5',
        labelled: false,
        fold: null,
        from: '2026-01-05T00:00:00.000Z',
        to: '2026-01-05T00:00:29.000Z',
      },
      {
        path: 'site-a/pump-11.CSV',
        sha256: sha(second),
        rows: 20,
        group: 'site-a/pump-11',
        labelled: true,
        fold: 3,
        from: '2026-01-05T00:00:00.000Z',
        to: '2026-01-05T00:00:19.000Z',
      },
      {
        path: 'site-b/pump-6.csv',
        sha256: sha(first),
        rows: 10,
        group: 'site-b/pump-6',
        labelled: true,
        fold: 2,
        from: '2026-01-05T00:00:00.000Z',
        to: '2026-01-05T00:00:09.000Z',
      },
    ]);
    expect((await deps.artefacts.read(`sha256:${sha(first)}`)).toString()).toBe(first);
  });

  test('is refused when retention removed a file that was there already, and taken the next time', async () => {
    const text = sensorCsv({ rows: 10, seed: 1 });
    writeBelow(dir, 'data/pump-1.csv', text);
    const recordData: Registry['recordData'] = async (...args) => {
      await deps.artefacts.remove(`sha256:${sha(text)}`);
      await registry.recordData(...args);
    };
    const meanwhile = { ...deps, registry: { ...registry, recordData } };
    await expect(snapshotData(meanwhile, { source: 'data', spec: SPEC })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('pump-1.csv'),
    });
    await snapshotData(deps, { source: 'data', spec: SPEC, reuse: true });
    expect(await deps.artefacts.has(`sha256:${sha(text)}`)).toBe(true);
  });

  test('has the same digest wherever the same content lies, and another one when a byte changes', async () => {
    writeBelow(dir, 'one/a-1.csv', sensorCsv({ rows: 10 }));
    writeBelow(dir, 'one/sub/b-2.csv', sensorCsv({ rows: 10, seed: 2 }));
    cpSync(join(dir, 'one'), join(dir, 'two'), { recursive: true });
    const digest = async (source: string) => (await snapshotData(deps, { source, spec: SPEC })).digest;
    const first = await digest('one');
    expect(await digest('two')).toBe(first);
    expect(await digest(join(dir, 'one'))).toBe(first);
    expect(await digest('one/**/*.csv')).toBe(first);
    writeBelow(dir, 'two/a-1.csv', sensorCsv({ rows: 10, seed: 9 }));
    expect(await digest('two')).not.toBe(first);
  });

  test('of one file, or of a pattern', async () => {
    for (const n of [1, 2, 3]) writeBelow(dir, `data/pump-${n}.csv`, sensorCsv({ rows: 10, seed: n }));
    const paths = async (source: string) =>
      (await readManifest(deps.artefacts, await snapshotData(deps, { source, spec: SPEC }))).files.map(
        (f) => f.path,
      );
    expect(await paths('data/pump-2.csv')).toEqual(['pump-2.csv']);
    expect(await paths('data/pump-[12].csv')).toEqual(['pump-1.csv', 'pump-2.csv']);
    expect(await paths(join(dir, 'da*/pump-{1,3}.csv'))).toEqual(['data/pump-1.csv', 'data/pump-3.csv']);
  });

  test.each([
    ['nowhere', /There is no file or folder .*nowhere/],
    ['empty', /no .csv or .parquet file in/],
    ['none-*.csv', /No .csv or .parquet file matches/],
    ['empty/readme.txt', /neither a .csv nor a .parquet/],
  ])('of "%s" is DATA_NOT_FOUND', async (source, message) => {
    writeBelow(dir, 'empty/readme.txt', '');
    await expect(snapshotData(deps, { source, spec: SPEC })).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: expect.stringMatching(message),
    });
  });

  test('refuses two files of one group', async () => {
    writeBelow(dir, 'data/a.csv', sensorCsv({ rows: 10 }));
    writeBelow(dir, 'data/a.parquet', 'PAR1');
    await expect(snapshotData(deps, { source: 'data', spec: SPEC })).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('a.csv and a.parquet'),
    });
  });

  test('without a source takes what the last run of the pipeline used', async () => {
    const spec = { ...SPEC, name: 'never-built' };
    await expect(snapshotData(deps, { spec })).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: expect.stringContaining('never-built'),
    });
    writeBelow(dir, 'data/a-1.csv', sensorCsv({ rows: 10 }));
    const ref = await snapshotData(deps, { source: 'data', spec });
    expect(await snapshotData(deps, { spec })).toEqual(ref);
    await expect(snapshotData(deps, { spec: { ...SPEC, name: 'other' } })).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
    });
  });
});

describe('a second snapshot', () => {
  const read = async (reuse = true) => {
    const snapshot = await takeSnapshot(deps, { source: 'data', spec: SPEC, reuse });
    return { read: snapshot.read, digest: snapshot.ref.digest };
  };

  test('reads only what is new or has changed, and is the same as one that reads everything', async () => {
    for (const n of [0, 1, 2, 3, 4]) writeBelow(dir, `data/pump-${n}.csv`, sensorCsv({ rows: 10, seed: n }));
    const first = await read();
    expect(first.read).toBe(5);
    // Written a moment ago: a write that keeps size and time could still come, so nothing is
    // trusted yet.
    expect(await read()).toEqual(first);
    later = 2_100;
    expect(await read()).toEqual(first);
    expect(await read()).toEqual({ ...first, read: 0 });
    expect(await read(false)).toEqual(first);

    writeBelow(dir, 'data/pump-5.csv', sensorCsv({ rows: 10, seed: 5 }));
    const more = await read();
    expect(more.read).toBe(1);
    // Same size, same time of change as before: only the inode or the time of the inode's change
    // tells.
    const file = join(dir, 'data/pump-3.csv');
    const { atime, mtime, size } = statSync(file);
    writeFileSync(file, sensorCsv({ rows: 10, seed: 33 }));
    utimesSync(file, atime, mtime);
    expect(statSync(file).size).toBe(size);
    const changed = await read();
    expect(changed.read).toBe(1);
    expect(changed.digest).not.toBe(more.digest);
    expect((await read(false)).digest).toBe(changed.digest);
  });

  test('reads again what the store has lost', async () => {
    writeBelow(dir, 'data/pump-1.csv', sensorCsv({ rows: 10 }));
    later = 2_100;
    expect((await read()).read).toBe(1);
    const digest = sha(sensorCsv({ rows: 10 }));
    rmSync(join(dir, 'artefacts/sha256', digest.slice(0, 2), digest.slice(2)));
    expect((await read()).read).toBe(1);
    expect(await deps.artefacts.has(`sha256:${digest}`)).toBe(true);
  });

  test('names the file that changes while it is read', async () => {
    for (const n of [0, 1]) writeBelow(dir, `data/pump-${n}.csv`, sensorCsv({ rows: 10, seed: n }));
    const describe: DataDeps['files']['describe'] = async (path, spec) => {
      const summary = await sensorFiles.describe(path, spec);
      if (path.endsWith('pump-1.csv')) appendFileSync(path, '2026-01-05 00:00:10;0;0;0;0;0;0;0;0;0\n');
      return summary;
    };
    const writing = { ...deps, files: { ...sensorFiles, describe } };
    await expect(takeSnapshot(writing, { source: 'data', spec: SPEC })).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('pump-1.csv changed while it was being read'),
    });
  });

  test('takes nothing from a folder with something odd in it', async () => {
    writeBelow(dir, 'data/pump-0.csv', sensorCsv({ rows: 10 }));
    symlinkSync('/etc/hostname', join(dir, 'data/pump-1.csv'));
    await expect(read()).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(/^readable-files: 1 files .*pump-1\.csv is a link that leads out/),
    });
    expect(existsSync(join(dir, 'artefacts'))).toBe(false);
  });
});

describe('a manifest that was tampered with', () => {
  const cases: [string, (manifest: DataManifest) => unknown, RegExp][] = [
    ['another digest', (m) => ({ ...m, digest: `sha256:${'0'.repeat(64)}` }), /describes another one/],
    ['another file', (m) => edit(m, { sha256: 'f'.repeat(64) }), /describes another one/],
    ['a group held out elsewhere', (m) => edit(m, { fold: 0 }), /describes another one/],
    [
      'a path that climbs out',
      (m) => edit(m, { path: '../../evil.csv', group: '../../evil' }),
      /files\.0\.path: expected a path inside/,
    ],
    [
      'an absolute path',
      (m) => edit(m, { path: '/tmp/evil.csv', group: '/tmp/evil' }),
      /files\.0\.path: expected a path inside/,
    ],
    ['a path of Windows', (m) => edit(m, { path: 'C:evil.csv', group: 'C:evil' }), /files\.0\.path/],
    ['a path with a NUL', (m) => edit(m, { path: 'a\0.csv', group: 'a\0' }), /files\.0\.path/],
    ['a group that is not its file', (m) => edit(m, { group: 'elsewhere/x' }), /files\.0\.group/],
    ['negative rows', (m) => edit(m, { rows: -1 }), /files\.0\.rows/],
    [
      'a digest that is none',
      (m) => edit(m, { sha256: '../../passwd' }),
      /files\.0\.sha256: expected 64 hex/,
    ],
    ['the same group twice', (m) => ({ ...m, files: [...m.files, ...m.files] }), /expected each group once/],
    ['no file', (m) => ({ ...m, files: [] }), /files/],
    ['something that is no manifest', () => 'hello', /not valid/],
  ];
  const edit = (m: DataManifest, change: object) => ({
    ...m,
    files: m.files.map((f) => ({ ...f, ...change })),
  });

  test.each(cases)('%s', async (_name, tamper, message) => {
    writeBelow(dir, 'data/a-1.csv', sensorCsv({ rows: 10 }));
    const ref = await snapshotData(deps, { source: 'data', spec: SPEC });
    const manifest = await readManifest(deps.artefacts, ref);
    expect(dataSetDigest(manifest.files)).toBe(ref.digest);
    const forged = await deps.artefacts.put(JSON.stringify(tamper(manifest)), 'application/json');
    const laid = materializeData(deps, { ...ref, manifest: forged }, join(dir, 'out'));
    await expect(laid).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(message),
    });
    expect(existsSync(join(dir, 'out'))).toBe(false);
  });
});

test('data sets are listed newest first, and found by the beginning of their digest', async () => {
  for (const n of [91, 92]) {
    writeBelow(dir, `data/pump-${n}.csv`, sensorCsv({ rows: 10, seed: n }));
    await snapshotData(deps, { source: 'data', spec: SPEC });
  }
  const [newest, older] = await registry.dataSets();
  expect([newest?.files, older?.files]).toEqual([2, 1]);
  expect(newest).toMatchObject({
    source: 'data',
    rows: 20,
    devices: 2,
    from: '2026-01-05T00:00:00.000Z',
    to: '2026-01-05T00:00:09.000Z',
  });
  expect(newest?.columns).toEqual(['datetime', ...SPEC.data.columns.map((c) => c.name), 'anomaly']);
  expect(await registry.dataSets({ limit: 1 })).toEqual([newest]);
  const digest = newest?.digest ?? '';
  for (const short of [digest, digest.slice(0, 15), digest.slice(7, 14)])
    expect(await registry.dataSet(short)).toMatchObject({ digest, fileList: [{ rows: 10 }, { rows: 10 }] });
  expect((await registry.dataSet(digest))?.fileList[1]).toEqual({
    path: 'pump-92.csv',
    sha256: sha(sensorCsv({ rows: 10, seed: 92 })),
    rows: 10,
    from: '2026-01-05T00:00:00.000Z',
    to: '2026-01-05T00:00:09.000Z',
  });
  for (const none of ['sha256:000000', 'abc', "%' or 1=1"])
    expect(await registry.dataSet(none)).toBeUndefined();
});

test('folds come from the last number of the base name, else from a seeded hash; never for what is not scored', () => {
  const spec = projectSpec({ evaluation: { folds: 4, include: ['valve1/', 'named/'] } });
  expect(foldOf('valve1/13.csv', true, spec)).toBe(1);
  expect(foldOf('valve1/2024-site3-pump-0010.csv', true, spec)).toBe(2);
  expect(foldOf('valve1/123456789012345678901.csv', true, spec)).toBe(1);
  expect(foldOf('valve1/13.csv', false, spec)).toBeNull();
  expect(foldOf('other/13.csv', true, spec)).toBeNull();
  const folds = Array.from({ length: 400 }, (_, i) =>
    foldOf(`named/${'abcdefghij'[i % 10]}${'x'.repeat(i)}.csv`, true, spec),
  );
  const counts = [0, 1, 2, 3].map((fold) => folds.filter((f) => f === fold).length);
  for (const count of counts) expect(count).toBeGreaterThan(60);
  const reseeded = { ...spec, train: { ...spec.train, seed: 8 } };
  expect(foldOf('named/a.csv', true, spec)).toBe(foldOf('named/a.csv', true, structuredClone(spec)));
  expect(
    Array.from({ length: 20 }, (_, i) => foldOf(`named/${'y'.repeat(i + 1)}.csv`, true, reseeded)),
  ).not.toEqual(Array.from({ length: 20 }, (_, i) => foldOf(`named/${'y'.repeat(i + 1)}.csv`, true, spec)));
});

describe('laid out for training', () => {
  test('every file becomes ;-separated CSV with the same rows, beside a manifest that names it', async () => {
    const options = { rows: 600, seed: 4, anomalyFrom: 500 };
    writeBelow(dir, 'data/s/pump-0.csv', sensorCsv(options));
    writeBelow(dir, 'data/s/pump-1.csv', sensorCsv({ ...options, delimiter: ',', newline: '\r\n' }));
    writeBelow(dir, 'data/s/pump-2.csv', sensorCsv({ ...options, seed: 5 }));
    await toParquet(join(dir, 'data/s/pump-2.csv'), join(dir, 'data/s/pump-3.parquet'));
    const ref = await snapshotData(deps, { source: 'data', spec: SPEC });
    const written = await materializeData(deps, ref, join(dir, 'out'));
    expect(written.files.map((f) => f.path)).toEqual([0, 1, 2, 3].map((n) => `s/pump-${n}.csv`));
    expect(JSON.parse(readFileSync(join(dir, 'out/manifest.json'), 'utf8'))).toEqual(written);
    expect(written.digest).toBe(ref.digest);
    const text = (n: number) => readFileSync(join(dir, `out/s/pump-${n}.csv`), 'utf8');
    expect(text(0)).toBe(sensorCsv(options));
    expect(text(1)).toBe(text(0));
    const rows = await Promise.all(
      [0, 1, 2, 3].map((n) => readGroupRows(join(dir, `out/s/pump-${n}.csv`), SPEC.data)),
    );
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[3]).toEqual(rows[2]);
    expect(existsSync(join(dir, 'out/s/pump-3.parquet'))).toBe(false);
    const gates = await checkData(deps, { ref, spec: SPEC });
    // The same rows under four names and in two formats are seen through all of it.
    expect(blockingGates(gates).map((gate) => gate.name)).toEqual(['unseen-rows']);
  });

  test('quoted cells survive the change of separator', async () => {
    writeFileSync(join(dir, 'q.csv'), 'note,x\n"a;b ""c""",1\n');
    await sensorFiles.toCsv(join(dir, 'q.csv'), join(dir, 'q2.csv'));
    expect(readFileSync(join(dir, 'q2.csv'), 'utf8')).toBe('note;x\n"a;b ""c""";1\n');
  });

  test('a damaged artefact is refused', async () => {
    writeBelow(dir, 'data/a-1.csv', sensorCsv({ rows: 10 }));
    const ref = await snapshotData(deps, { source: 'data', spec: SPEC });
    const digest = sha(sensorCsv({ rows: 10 }));
    rmSync(join(dir, 'artefacts/sha256', digest.slice(0, 2), digest.slice(2)));
    writeBelow(join(dir, 'artefacts/sha256'), join(digest.slice(0, 2), digest.slice(2)), 'changed');
    await expect(materializeData(deps, ref, join(dir, 'out'))).rejects.toMatchObject({
      code: 'ARTEFACT_CORRUPT',
    });
  });
});

describe('the rows of a group', () => {
  test('times in ms, values row by row as float32, labels; NaN where a reading is missing', async () => {
    writeBelow(
      dir,
      'a.csv',
      sensorCsv({ rows: 3, anomalyFrom: 2, change: (r, c) => (r === 1 ? c.with(3, '').with(4, '-0.5') : c) }),
    );
    const { rows, times, values, labels } = await readGroupRows(join(dir, 'a.csv'), SPEC.data);
    const start = Date.UTC(2026, 0, 5);
    expect(rows).toBe(3);
    expect([...times]).toEqual([start, start + 1000, start + 2000]);
    expect(values).toHaveLength(24);
    expect(values[8 + 2]).toBeNaN();
    expect(values[8 + 3]).toBe(-0.5);
    expect([...(labels ?? [])]).toEqual([0, 0, 1]);
  });

  test('no labels is null, a missing column DATA_INVALID', async () => {
    writeBelow(dir, 'a.csv', sensorCsv({ rows: 3, labelled: false }));
    writeBelow(dir, 'b.csv', sensorCsv({ rows: 3, change: (_r, c) => c.toSpliced(3, 1) }));
    expect((await readGroupRows(join(dir, 'a.csv'), SPEC.data)).labels).toBeNull();
    await expect(readGroupRows(join(dir, 'b.csv'), SPEC.data)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: 'b.csv has no column "Current".',
    });
  });

  test('a path with pattern characters is a path; Parquet times of every type are the same moment', async () => {
    writeBelow(dir, 'in.csv', sensorCsv({ rows: 5 }));
    await toParquet(join(dir, 'in.csv'), join(dir, 'p.parquet'));
    cpSync(join(dir, 'p.parquet'), join(dir, 'p[1]*.parquet'));
    const fromCsv = await readGroupRows(join(dir, 'in.csv'), SPEC.data);
    expect(await readGroupRows(join(dir, 'p[1]*.parquet'), SPEC.data)).toEqual(fromCsv);
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    for (const [name, expression] of [
      ['zoned', `datetime::timestamptz`],
      ['nanos', `datetime::timestamp_ns`],
      ['text', `strftime(datetime, '%Y-%m-%d %H:%M:%S')`],
    ]) {
      await connection.run(`set timezone='UTC'`);
      await connection.run(
        `copy (select * replace (${expression} as datetime) from '${join(dir, 'p.parquet')}') to '${join(dir, `${name}.parquet`)}'`,
      );
      expect((await readGroupRows(join(dir, `${name}.parquet`), SPEC.data)).times).toEqual(fromCsv.times);
    }
    connection.closeSync();
    instance.closeSync();
  });

  test('a hundred thousand rows are read whole', async () => {
    writeBelow(dir, 'big.csv', sensorCsv({ rows: 100_000, anomalyFrom: 99_000 }));
    const { rows, times, values, labels } = await readGroupRows(join(dir, 'big.csv'), SPEC.data);
    expect([rows, times.length, values.length, labels?.length]).toEqual([100_000, 100_000, 800_000, 100_000]);
    expect(times.every((t, i) => t === Date.UTC(2026, 0, 5) + i * 1000)).toBe(true);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(labels?.reduce((sum, label) => sum + label, 0)).toBe(1000);
  });

  test('twice the rows take about twice the work', async () => {
    const file = (rows: number): string => join(dir, `grow-${rows}.csv`);
    for (const rows of [30_000, 60_000])
      writeBelow(dir, `grow-${rows}.csv`, sensorCsv({ rows, anomalyFrom: rows }));
    const read = (rows: number) => readGroupRows(file(rows), SPEC.data);
    expect(await cpuGrowth(read, 30_000)).toBeLessThan(LINEAR);
  });
});
