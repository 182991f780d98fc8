import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDataActivities } from '../../activities/data/data-activities.ts';
import { readManifest } from '../../activities/data/manifest.ts';
import { snapshotData } from '../../activities/data/snapshot.ts';
import type { DataDeps } from '../../activities/data/snapshot.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import type { IndexedFile } from '../../src/ports/data-index.ts';
import type { DataSources } from '../../src/ports/data-source.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { AZURITE_ACCOUNT, noAzurite, startAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { sensorCsv, writeBelow } from '../support/sensor-data.ts';
import { describeUnless } from '../support/unless.ts';

const SPEC = projectSpec();
const OPTIONS = { cwd: '/', timestamp: 'datetime' };
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-sources-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function depsFor(connectionString?: string): DataDeps {
  const known = new Map<string, Map<string, IndexedFile>>();
  return {
    artefacts: createFileArtefactStore(join(dir, 'artefacts')),
    registry: { recordData: async () => undefined, lastData: async () => undefined },
    files: sensorFiles,
    sources: createDataSources({ connectionString }),
    index: {
      read: async (source) => known.get(source) ?? new Map(),
      write: async (source, files) => {
        known.set(source, new Map([...(known.get(source) ?? []), ...files]));
      },
    },
    cwd: dir,
  };
}

test('the activity is heard of while a source takes its time, and ends when it is cancelled', async () => {
  writeBelow(dir, 'data/pump-1.csv', sensorCsv({ rows: 20 }));
  const deps = depsFor();
  const environment = new MockActivityEnvironment();
  let beats = 0;
  environment.on('heartbeat', () => (beats += 1));
  const open: DataSources['open'] = async (...asked) => {
    await waitFor(() => beats > 1, { timeoutMs: 20_000 });
    return deps.sources.open(...asked);
  };
  const take = createDataActivities({ ...deps, sources: { open } }).snapshotData;
  const request = { source: 'data', spec: SPEC };
  expect(await environment.run(take, request)).toMatchObject({ value: { files: 1, rows: 20 } });
  expect(beats).toBeGreaterThan(1);
  environment.cancel('CANCELLED');
  await expect(environment.run(take, request)).rejects.toThrow(/cancel|abort/i);
});

describeUnless(noAzurite)('blobs of an Azure container (Azurite)', () => {
  let azurite: Azurite;
  let container: ContainerClient;
  beforeAll(async () => {
    azurite = await startAzurite();
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
    container = service.getContainerClient('measurements');
    await container.create();
  }, 90_000);
  afterAll(() => azurite.stop());

  const put = (name: string, text: string) => container.getBlockBlobClient(name).upload(text, text.length);
  const source = `az://${AZURITE_ACCOUNT}/measurements/pumps`;

  test('give the same data set as the same files in a folder; only changed ones are fetched again', async () => {
    for (const n of [0, 1, 2]) {
      const csv = sensorCsv({ rows: 20, seed: n + 1 });
      await put(`pumps/site/pump-${n}.csv`, csv);
      writeBelow(dir, `data/site/pump-${n}.csv`, csv);
    }
    await put('pumps-old/pump-9.csv', sensorCsv({ rows: 20 })); // a name that only begins alike
    await put('pumps/readme.txt', 'no data');
    const deps = depsFor(azurite.connectionString);
    const take = async (from: string) => snapshotData(deps, { source: from, spec: SPEC, reuse: true });
    const first = await take(source);
    expect(first).toMatchObject({ read: 3, ref: { files: 3, rows: 60, source } });
    expect(first.ref.digest).toBe((await take('data')).ref.digest);
    expect(await take(`${source}/`)).toMatchObject({ read: 0, ref: { digest: first.ref.digest } });
    await put('pumps/site/pump-1.csv', sensorCsv({ rows: 20, seed: 50 }));
    const second = await take(source);
    expect(second.read).toBe(1);
    expect(second.ref.digest).not.toBe(first.ref.digest);
    const one = await take(`${source}/site/pump-2.csv`);
    expect((await readManifest(deps.artefacts, one.ref)).files.map((f) => f.path)).toEqual(['pump-2.csv']);
  });

  test('a blob that is replaced between listing and reading is refused by its name', async () => {
    await put('moving/pump-1.csv', sensorCsv({ rows: 20 }));
    const sources = createDataSources({ connectionString: azurite.connectionString });
    const opened = await sources.open(`az://${AZURITE_ACCOUNT}/measurements/moving`, OPTIONS);
    await put('moving/pump-1.csv', sensorCsv({ rows: 20, seed: 9 }));
    const [file] = opened.files;
    if (file === undefined) throw new Error('no file was listed');
    await expect(opened.withFile(file, async () => 'read')).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: 'pump-1.csv changed while it was being read.',
    });
    await opened.close();
  });

  test('a blob whose name climbs out of its folder is refused', async () => {
    await put('odd/a/..%5C..%5Cevil.csv', sensorCsv({ rows: 20 }));
    await put('odd/good-1.csv', sensorCsv({ rows: 20 }));
    await put('odd/c:evil.csv', sensorCsv({ rows: 20 }));
    const deps = depsFor(azurite.connectionString);
    await expect(
      snapshotData(deps, { source: `az://${AZURITE_ACCOUNT}/measurements/odd`, spec: SPEC }),
    ).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('c:evil.csv has a name'),
    });
  });

  test.each([
    [`az://${AZURITE_ACCOUNT}/measurements/nothing`, 'DATA_NOT_FOUND', /no .csv or .parquet blob below az:/],
    [`az://${AZURITE_ACCOUNT}/no-such-container`, 'DATA_NOT_FOUND', /There is no container/],
    ['az://otheraccount/measurements', 'CONFIG_INVALID', /of the account windlasstest, not of otheraccount/],
  ])('%s is %s', async (wanted, code, message) => {
    const sources = createDataSources({ connectionString: azurite.connectionString });
    await expect(sources.open(wanted, OPTIONS)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test('a wrong key is an error that says where keys come from', async () => {
    const connectionString = azurite.connectionString.replace(
      /AccountKey=[^;]+/,
      `AccountKey=${'A'.repeat(43)}=`,
    );
    await expect(createDataSources({ connectionString }).open(source, OPTIONS)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      hint: expect.stringContaining('AZURE_STORAGE_CONNECTION_STRING'),
    });
  });
});

describe('the rows of a query', () => {
  const SQL = `select pump as "group", * exclude (pump) from read_csv(getvariable('data') || '/*.csv')`;
  const header = ['pump', 'datetime', ...SPEC.data.columns.map((c) => `"${c.name}"`), 'anomaly'].join(',');
  const row = (pump: string, second: number) =>
    [pump, `2026-01-05 00:00:0${second}`, ...SPEC.data.columns.map((_, i) => (i + second) / 8), 0].join(',');

  function write(sql = SQL): void {
    const rows = [row('site/pump-2', 1), row('site/pump-1', 3), row('site/pump-2', 0), row('site/pump-1', 2)];
    writeBelow(dir, 'raw/all.csv', [header, ...rows].join('\n'));
    writeBelow(dir, 'queries/q.sql', sql);
  }
  const take = (source = 'sql:queries/q.sql#raw') =>
    snapshotData(depsFor(), { source, spec: SPEC, reuse: true });

  test('one file per group, in the order of time, the same bytes each time and wherever the data lie', async () => {
    write();
    const deps = depsFor();
    const { ref } = await take();
    expect(ref).toMatchObject({ files: 2, rows: 4, source: 'sql:queries/q.sql#raw' });
    const { files } = await readManifest(deps.artefacts, ref);
    expect(files.map((f) => [f.path, f.rows, f.from])).toEqual([
      ['site/pump-1.parquet', 2, '2026-01-05T00:00:02.000Z'],
      ['site/pump-2.parquet', 2, '2026-01-05T00:00:00.000Z'],
    ]);
    expect((await take()).ref.digest).toBe(ref.digest);
    // The same rows, in another order and in two files.
    const [head = '', ...rows] = readFileSync(join(dir, 'raw/all.csv'), 'utf8').split('\n');
    writeBelow(dir, 'other/a.csv', [head, ...rows.slice(2)].join('\n'));
    writeBelow(dir, 'other/b.csv', [head, ...rows.slice(0, 2)].join('\n'));
    expect((await take('sql:queries/q.sql#other')).ref.digest).toBe(ref.digest);
    writeBelow(dir, 'other/b.csv', [head, ...rows.slice(0, 1)].join('\n'));
    expect((await take('sql:queries/q.sql#other')).ref.digest).not.toBe(ref.digest);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('windlass-query-'))).toEqual([]);
  });

  test.each([
    [
      'reads a file elsewhere',
      `select content as "group" from read_text('/etc/passwd')`,
      /file system operations are disabled/,
    ],
    [
      'climbs out of its folder',
      `select content as "group" from read_text(getvariable('data') || '/../queries/q.sql')`,
      /disabled/,
    ],
    ['asks the network', `select 1 as "group" from read_csv('https://example.com/a.csv')`, /cannot be taken/],
    ['writes', `copy (select 1) to 'x.csv'`, /disabled|must be one SELECT/],
    ['does two things', `select 1; drop table x`, /must be one SELECT/],
    ['changes settings', `set enable_external_access = true`, /must be one SELECT/],
    ['attaches a database', `attach 'x.db'`, /disabled|must be one SELECT/],
    ['loads an extension', `install httpfs`, /disabled|must be one SELECT/],
    ['is no SQL', `selekt`, /Parser Error/],
    ['has no group', `select 1 as datetime`, /no column "group"/],
    ['has no time', `select 1 as "group"`, /no column "datetime"/],
    [
      'has a group without name',
      `select null as "group", 1 as datetime`,
      /the group null cannot be the name/,
    ],
    [
      'has a group that climbs',
      `select '../../evil' as "group", 1 as datetime`,
      /"\.\.\/\.\.\/evil" cannot be the name/,
    ],
    [
      'gives too many groups',
      `select i::varchar as "group", i as datetime from range(20000) t(i)`,
      /20000 groups; 10000 are allowed/,
    ],
  ])('a query that %s is refused', async (_name, sql, message) => {
    write(sql);
    await expect(take()).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('a query or a folder that is not there', async () => {
    write();
    await expect(take('sql:queries/none.sql')).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
    await expect(take('sql:queries/q.sql#none')).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
  });
});
