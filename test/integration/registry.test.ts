import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { readAudit, verifyAudit } from '../../src/adapters/postgres/registry/audit-log.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { createStepStore } from '../../src/adapters/postgres/steps/step-store.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import {
  artefact,
  comparedWith,
  dataRef,
  digestOf,
  packagedImage,
  pipelineVersion,
  registration,
} from '../support/registry-fixtures.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

const BY = { actor: 'ada', reason: 'because' };
let database: TestDatabase;
let db: Kysely<Database>;
let registry: Registry;
let now = new Date('2026-01-01T00:00:00Z');
const clock = { now: () => now };

beforeEach(async () => {
  now = new Date('2026-01-01T00:00:00Z');
  database = await createTestDatabase();
  db = openDatabase(database.url);
  registry = createRegistry(db, clock);
  await registry.publishPipeline(pipelineVersion(), BY);
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

describe('pipeline versions', () => {
  test('the same digest is the same version, another digest the next one', async () => {
    const again = await registry.publishPipeline(pipelineVersion(), { actor: 'bob', reason: '' });
    const second = await registry.publishPipeline(pipelineVersion('second'), BY);
    expect([again.version, second.version]).toEqual(['1', '2']);
    expect(await registry.pipeline('pump-health', 'latest')).toEqual(second);
    expect(await registry.pipeline('pump-health', '1')).toEqual(again);
    expect(await registry.pipeline('pump-health', 'one')).toBeUndefined();
    expect(await registry.pipeline('other', 'latest')).toBeUndefined();
    expect((await registry.pipelines()).map((p) => p.version)).toEqual(['2', '1']);
    expect(again.spec.model.window).toBe(60);
  });

  test('a published version cannot be changed or removed', async () => {
    await expect(sql`update pipelines set digest = 'x'`.execute(db)).rejects.toThrow(/append-only/);
    await expect(sql`delete from pipelines`.execute(db)).rejects.toThrow(/append-only/);
  });
});

test('calibrations of devices are kept with their version, and audited', async () => {
  const { name, version } = await registry.registerModel(registration('one'), BY);
  const fitted = (device: string, id: string) => ({
    device,
    id,
    rows: 400,
    dataSha256: digestOf(device).slice(7),
    fittedAt: now.toISOString(),
    document: artefact(`calibration ${id} at ${now.toISOString()}`, 'application/json'),
  });
  await registry.recordCalibration({ name, version }, fitted('pump-1', 'first'), BY);
  now = new Date('2026-01-02T00:00:00Z');
  await registry.recordCalibration({ name, version }, fitted('pump-1', 'second'), BY);
  now = new Date('2026-01-03T00:00:00Z');
  await registry.recordCalibration({ name, version }, fitted('pump-1', 'first'), BY);
  await registry.recordCalibration({ name, version }, fitted('pump-2', 'other'), BY);
  const found = await registry.calibrations({ device: 'pump-1', model: { name, version } });
  expect(found.map((c) => c.id)).toEqual(['first', 'second']);
  expect(found[0]).toEqual({
    ...fitted('pump-1', 'first'),
    model: { name, version },
    fittedBy: 'ada',
  });
  expect(await registry.calibrations({ model: { name, version } })).toHaveLength(3);
  expect((await registry.audit({ subject: 'device/pump-1' })).map((e) => e.action)).toEqual(
    Array.from({ length: 3 }, () => 'device.calibrated'),
  );
  await expect(
    registry.recordCalibration({ name, version: '9' }, fitted('pump-1', 'first'), BY),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

describe('model versions', () => {
  test('twenty registrations at once get the numbers 1 to 20, each with its audit event', async () => {
    const models = await Promise.all(
      Array.from({ length: 20 }, (_, i) => registry.registerModel(registration(`m${i}`), BY)),
    );
    expect(models.map((m) => Number(m.version)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    const events = await registry.audit({ subject: 'model/*' });
    expect(events.filter((e) => e.action === 'model.registered')).toHaveLength(20);
    expect(await verifyAudit(db)).toMatchObject({ ok: true, entries: 21 });
  });

  test('ten registrations of the same content at once are one version', async () => {
    const models = await Promise.all(
      Array.from({ length: 10 }, () => registry.registerModel(registration(), BY)),
    );
    expect(new Set(models.map((m) => m.version))).toEqual(new Set(['1']));
    expect(await registry.audit({ subject: 'model/pump-health@1' })).toHaveLength(1);
  });

  test('identity is digest, pipeline and data together', async () => {
    await registry.publishPipeline(pipelineVersion('second'), BY);
    const versions = [
      await registry.registerModel(registration(), BY),
      await registry.registerModel(registration('one', '2'), BY),
      await registry.registerModel({ ...registration(), data: dataRef('other') }, BY),
      await registry.registerModel({ ...registration(), name: 'other' }, BY),
    ];
    expect(versions.map((m) => `${m.name}@${m.version}`)).toEqual([
      'pump-health@1',
      'pump-health@2',
      'pump-health@3',
      'other@1',
    ]);
  });

  test('what was registered comes back whole', async () => {
    const model = await registry.registerModel(registration(), BY);
    expect(model).toEqual({
      ...registration(),
      version: '1',
      state: 'registered',
      aliases: [],
      createdAt: '2026-01-01T00:00:00.000Z',
      createdBy: 'ada',
    });
    expect(await registry.model('pump-health', '1')).toEqual(model);
    expect(await registry.model('pump-health', '2')).toBeUndefined();
    expect(await registry.model('pump-health', 'champion')).toBeUndefined();
  });

  test('an unpublished pipeline is refused, and no number is used up', async () => {
    await expect(registry.registerModel(registration('one', '9'), BY)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('pump-health@9'),
    });
    expect((await registry.registerModel(registration(), BY)).version).toBe('1');
  });

  test('a version is immutable except for its state', async () => {
    await registry.registerModel(registration(), BY);
    await expect(sql`update models set digest = 'x'`.execute(db)).rejects.toThrow(/immutable/);
    await expect(sql`delete from models`.execute(db)).rejects.toThrow(/immutable/);
    await sql`update models set state = 'retired'`.execute(db);
    expect((await registry.model('pump-health', '1'))?.state).toBe('retired');
  });

  test('models are found by name, alias, data set and data file', async () => {
    await registry.recordData(dataRef(), [{ path: 'p/1.csv', sha256: 'f1', rows: 1000 }]);
    await registry.registerModel(registration(), BY);
    await registry.registerModel({ ...registration('two'), data: dataRef('other') }, BY);
    await registry.setAlias({ name: 'pump-health', alias: 'champion', version: '2' }, BY);
    const versions = async (filter: Parameters<Registry['models']>[0]) =>
      (await registry.models(filter)).map((m) => m.version);
    expect(await versions({})).toEqual(['2', '1']);
    expect(await versions({ limit: 1 })).toEqual(['2']);
    expect(await versions({ name: 'none' })).toEqual([]);
    expect(await versions({ alias: 'champion' })).toEqual(['2']);
    expect(await versions({ data: digestOf('data') })).toEqual(['1']);
    expect(await versions({ data: 'f1' })).toEqual(['1']);
  });
});

describe('aliases', () => {
  beforeEach(async () => {
    await registry.registerModel(registration('one'), BY);
    await registry.registerModel({ ...registration('two'), comparison: comparedWith('1') }, BY);
  });
  const set = (version: string, at: string, actor: string) => {
    now = new Date(at);
    return registry.setAlias(
      { name: 'pump-health', alias: 'champion', version },
      { actor, reason: `r${version}` },
    );
  };

  test('what was champion on a date, and who made it so', async () => {
    await set('1', '2026-02-01T00:00:00Z', 'ada');
    await set('2', '2026-03-01T00:00:00Z', 'bob');
    await set('1', '2026-04-01T00:00:00Z', 'eve');
    const at = async (date: string) => registry.aliasAt('pump-health', 'champion', new Date(date));
    expect(await at('2026-01-31T23:59:59Z')).toBeUndefined();
    expect(await at('2026-02-01T00:00:00Z')).toMatchObject({ version: '1', by: 'ada', reason: 'r1' });
    expect(await at('2026-03-15T00:00:00Z')).toMatchObject({
      version: '2',
      by: 'bob',
      since: '2026-03-01T00:00:00.000Z',
      reason: 'r2',
    });
    expect(await at('2027-01-01T00:00:00Z')).toMatchObject({ version: '1', by: 'eve' });
    expect((await registry.model('pump-health', 'champion'))?.version).toBe('1');
    expect((await registry.model('pump-health', '1'))?.aliases).toEqual(['champion']);
    expect((await registry.model('pump-health', '2'))?.aliases).toEqual([]);
  });

  test('setting it to where it points changes nothing', async () => {
    await set('1', '2026-02-01T00:00:00Z', 'ada');
    await set('1', '2026-03-01T00:00:00Z', 'bob');
    expect(await registry.aliasAt('pump-health', 'champion', now)).toMatchObject({ by: 'ada' });
    expect((await registry.audit()).filter((e) => e.action === 'alias.set')).toHaveLength(1);
  });

  test('a clock that went back does not make a stretch end before it began', async () => {
    await set('1', '2026-02-01T00:00:00Z', 'ada');
    await set('2', '2026-01-15T00:00:00Z', 'bob');
    expect(await registry.aliasAt('pump-health', 'champion', new Date('2026-02-01T00:00:00Z'))).toMatchObject(
      {
        version: '2',
      },
    );
  });

  test('changes at once leave exactly one current version', async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        registry.setAlias({ name: 'pump-health', alias: 'staging', version: String((i % 2) + 1) }, BY),
      ),
    );
    const { rows } = await sql<{
      n: string;
    }>`select count(*) n from model_aliases where until is null`.execute(db);
    expect(rows[0]?.n).toBe('1');
    expect(await verifyAudit(db)).toMatchObject({ ok: true });
  });

  test.each([
    ['9', 'champion', 'NOT_FOUND'],
    ['1', '7', 'INPUT_INVALID'],
    ['1', 'latest', 'INPUT_INVALID'],
    ['1', 'Prod!', 'INPUT_INVALID'],
  ])('version %s as %s is refused: %s', async (version, alias, code) => {
    await expect(registry.setAlias({ name: 'pump-health', alias, version }, BY)).rejects.toMatchObject({
      code,
    });
    expect((await registry.audit()).filter((e) => e.action === 'alias.set')).toEqual([]);
  });
});

describe('audit', () => {
  test('an event cannot be changed, removed or truncated', async () => {
    await registry.recordAudit({
      ...BY,
      action: 'rollout.approved',
      subject: 'rollout/1',
      details: { ring: 'all' },
    });
    for (const statement of [
      sql`update audit_events set actor = 'mallory'`,
      sql`delete from audit_events`,
      sql`truncate audit_events`,
    ])
      await expect(statement.execute(db)).rejects.toThrow(/append-only/);
    expect(await readAudit(db, { subject: 'rollout/1' })).toEqual([
      {
        seq: 2,
        at: now.toISOString(),
        ...BY,
        action: 'rollout.approved',
        subject: 'rollout/1',
        details: { ring: 'all' },
      },
    ]);
    expect(await registry.audit({ limit: 1 })).toHaveLength(1);
  });

  test.each([
    ['changed', sql`update audit_events set reason = 'other' where seq = 2`, 'event 2 was altered'],
    ['removed', sql`delete from audit_events where seq = 2`, 'event 2 is gone; 3 follows'],
    [
      'cut off',
      sql`delete from audit_events where seq > 1`,
      /^no event has the hash [0-9a-f]{64}: the log was cut off/,
    ],
  ])('an event that somebody with full rights %s is found', async (_how, tampering, reason) => {
    for (const n of [1, 2, 3])
      await registry.recordAudit({
        ...BY,
        action: 'a',
        subject: `s${n}`,
        details: { n, b: { z: 1, a: undefined } },
      });
    const before = await verifyAudit(db);
    expect(before).toEqual({ ok: true, entries: 4, head: expect.stringMatching(/^[0-9a-f]{64}$/) });
    await sql`alter table audit_events disable trigger all`.execute(db);
    await tampering.execute(db);
    expect(await verifyAudit(db, before.head)).toMatchObject({
      ok: false,
      entries: 1,
      brokenAt: 2,
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
  });

  test('a change that fails leaves no event, and an event that fails leaves no change', async () => {
    const before = (await registry.audit()).length;
    await expect(
      registry.registerModel(registration('bad'), { actor: 'ada', reason: null as unknown as string }),
    ).rejects.toThrow(/reason/);
    expect(await registry.models()).toEqual([]);
    expect((await registry.audit()).length).toBe(before);
  });
});

describe('images, data, steps', () => {
  test('the newest image of a version counts; the same one again leaves no second event', async () => {
    await registry.registerModel(registration(), BY);
    const model = { name: 'pump-health', version: '1' };
    expect(await registry.image('pump-health', '1')).toBeUndefined();
    for (const words of ['a', 'b', 'a', 'a']) await registry.recordImage(model, packagedImage(words));
    expect(await registry.image('pump-health', '1')).toEqual(packagedImage('a'));
    expect((await registry.audit()).filter((e) => e.action === 'image.recorded')).toHaveLength(3);
    await expect(registry.recordImage({ ...model, version: '7' }, packagedImage())).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('a pipeline remembers the data of its last run', async () => {
    expect(await registry.lastData('pump-health')).toBeUndefined();
    const files = Array.from({ length: 12_000 }, (_, i) => ({ path: `${i}.csv`, sha256: `${i}`, rows: 1 }));
    await registry.recordData(dataRef('a'), files, 'pump-health');
    await registry.recordData(dataRef('a'), files, 'pump-health');
    await registry.recordData({ ...dataRef('b'), source: 'data/new' }, [], 'pump-health');
    expect(await registry.lastData('pump-health')).toEqual({ ...dataRef('b'), source: 'data/new' });
  });

  test('a step is found by its key, and the last result counts', async () => {
    const steps = createStepStore(db, clock);
    expect(await steps.find('train', 'k')).toBeUndefined();
    await steps.save('train', 'k', { digest: 'a' }, { workflowId: 'w', runId: 'r1' });
    await steps.save('train', 'k', [1, 'b', null], { workflowId: 'w', runId: 'r2' });
    expect(await steps.find('train', 'k')).toEqual({
      result: [1, 'b', null],
      createdAt: now.toISOString(),
      workflowId: 'w',
      runId: 'r2',
    });
    expect(await steps.find('checks', 'k')).toBeUndefined();
  });
});
