import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRetention } from '../../src/adapters/postgres/registry/retention.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import { createStepStore } from '../../src/adapters/postgres/steps/step-store.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import { decideRetention } from '../../src/domain/registry/retention.ts';
import type { VersionUse } from '../../src/domain/registry/retention.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ModelRegistration } from '../../src/contracts/model/model-version.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import type { Retention } from '../../src/ports/retention.ts';
import { digestOf, pipelineVersion, registration } from '../support/registry-fixtures.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { tempFolder } from '../support/temp-folder.ts';

const BY = { actor: 'ada', reason: 'tidy' };
const RULE = { keep: 1, olderThanDays: 90 };
/** A version as MLflow's clients make it, but for its files. */
const DOOR_VERSION = {
  name: 'door',
  source: 'runs:/r/m',
  runId: null,
  modelId: null,
  runLink: null,
  description: '',
  tags: [],
};
const folder = tempFolder('retention');
let database: TestDatabase;
let db: Kysely<Database>;
let artefacts: ArtefactStore;
let registry: Registry;
let retention: Retention;
let now = new Date('2026-01-01T00:00:00Z');
const clock = { now: () => now };

beforeEach(async () => {
  now = new Date('2026-01-01T00:00:00Z');
  database = await createTestDatabase();
  db = openDatabase(database.url);
  artefacts = createFileArtefactStore(folder.path);
  registry = createRegistry(db, clock, artefacts);
  retention = createRetention(db, { clock, artefacts });
  await registry.publishPipeline(pipelineVersion(), BY);
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});
afterAll(() => folder.remove());

/** A registration whose artefacts are really there; `shared` is the same for every version. */
async function stored(words: string): Promise<ModelRegistration> {
  const put = (text: string) => artefacts.put(text, 'application/octet-stream');
  const onnx = await put(`onnx ${words}`);
  const shared = await put('shared by all');
  await put('manifest data');
  return {
    ...registration(words),
    digest: onnx.digest,
    onnx,
    golden: shared,
    baseline: await put(`baseline ${words}`),
    folds: { 0: await put(`fold ${words}`) },
  };
}
const register = async (words: string) => (await registry.registerModel(await stored(words), BY)).version;
const later = (days: number) => (now = new Date(now.getTime() + days * 86_400_000));
const reasonsOf = async () =>
  Object.fromEntries((await retention.plan(RULE)).keep.map((v) => [v.version, v.reasons.join('; ')]));

describe('retention', () => {
  test('deletes what nothing needs, and only that; the record stays', async () => {
    for (const words of ['one', 'two', 'three']) await register(words);
    later(100);
    const plan = await retention.plan(RULE);
    expect(plan.go.map((v) => v.version)).toEqual(['2', '1']);
    expect(plan.keep).toEqual([{ name: 'pump-health', version: '3', reasons: ['it is among the newest 1'] }]);
    const sizes = ['onnx one', 'baseline one', 'fold one', 'onnx two', 'baseline two', 'fold two'];
    expect([plan.artefacts, plan.bytes]).toEqual([6, sizes.join('').length]);
    expect(plan.go.at(-1)?.bytes).toBe('onnx onebaseline onefold one'.length);
    expect(await artefacts.has(digestOf('onnx one'))).toBe(true);

    expect((await retention.apply({ rule: RULE }, BY)).go).toEqual(plan.go);
    for (const words of sizes) expect(await artefacts.has(digestOf(words))).toBe(false);
    for (const words of ['onnx three', 'fold three', 'shared by all'])
      expect(await artefacts.has(digestOf(words))).toBe(true);
    expect((await registry.model('pump-health', '1'))?.state).toBe('deleted');
    const lineage = await registry.lineage('pump-health', '1');
    expect(lineage.audit[0]).toMatchObject({ action: 'model.deleted', actor: 'ada', reason: 'tidy' });
    expect(await retention.apply({ rule: RULE }, BY)).toMatchObject({ go: [], artefacts: 0, bytes: 0 });
    await expect(
      registry.setAlias({ name: 'pump-health', alias: 'any', version: '1' }, BY),
    ).rejects.toMatchObject({ code: 'PROMOTION_REFUSED' });
  });

  test('says why a version stays', async () => {
    await register('one');
    await register('alias');
    await registry.setAlias({ name: 'pump-health', alias: 'champion', version: '2' }, BY);
    await register('device');
    await register('rollout');
    const store = createRolloutStore(db, clock);
    const rollout = (version: string, previous: { version: string; configurationId: string } | null) => ({
      rolloutId: `r${version}`,
      model: 'pump-health',
      version,
      modelDigest: digestOf('m'),
      ...BY,
      image: 'i',
      imageDigest: digestOf('i'),
      condition: '',
      previous,
      policy: rolloutPolicySchema.parse(undefined),
      workflowId: 'w',
      runId: 'r',
    });
    const device = { deviceId: 'pump-1', ring: 0, stratum: 'a', redundancyGroup: null };
    await store.create(rollout('3', null), [device]);
    await store.openRing('r3', 0);
    await store.saveBaselines('r3', [{ deviceId: 'pump-1', target: null, restarts: 0 }]);
    await store.markOffered('r3', 0, ['pump-1']);
    await sql`update rollouts set finished_at = now(), outcome = 'completed'`.execute(db);
    await sql`update device_assignments set attested_at = since`.execute(db);
    await store.create(rollout('4', { version: '1', configurationId: 'c' }), [device]);
    await register('compared');
    const last = await stored('newest');
    const champion = { version: '5', value: 0.9 };
    await registry.registerModel({ ...last, comparison: { ...last.comparison, champion } }, BY);
    later(100);
    await register('fresh');
    expect(await reasonsOf()).toEqual({
      1: 'the rollout r4 is live',
      2: 'it is champion',
      3: 'a device has it',
      4: 'the rollout r4 is live',
      7: 'it is among the newest 1; it is 0 days old',
    });
    const two = await retention.plan({ ...RULE, keep: 2 });
    expect(two.keep.find((v) => v.version === '5')?.reasons).toEqual(['pump-health@6 was compared with it']);
    // The device was offered another version that it never attested: it may still run the old one.
    await store.openRing('r4', 0);
    await store.saveBaselines('r4', [{ deviceId: 'pump-1', target: null, restarts: 0 }]);
    await store.markOffered('r4', 0, ['pump-1']);
    await sql`update rollouts set finished_at = now(), outcome = 'completed'`.execute(db);
    expect(await reasonsOf()).toMatchObject({ 3: 'a device has it', 4: 'a device has it' });
    await registry.changeState({ name: 'pump-health', version: '1', to: 'archived' }, BY);
    expect(await reasonsOf()).toMatchObject({ 1: 'it is archived' });
  });

  test('cached steps go with the bytes that they would give out, and newer ones keep them', async () => {
    await register('one');
    const steps = createStepStore(db, clock);
    const by = { workflowId: 'w', runId: 'r' };
    await steps.save('train', 'k1', { onnx: { digest: digestOf('onnx one') } }, by);
    later(100);
    await register('two');
    await steps.save('train', 'k2', { fold: { digest: digestOf('fold one') } }, by);
    expect(await retention.plan(RULE)).toMatchObject({ artefacts: 2, steps: 1 });
    await retention.apply({ rule: RULE }, BY);
    expect([await steps.find('train', 'k1'), (await steps.find('train', 'k2'))?.runId]).toEqual([
      undefined,
      'r',
    ]);
    expect(await artefacts.has(digestOf('fold one'))).toBe(true);
    expect(await artefacts.has(digestOf('onnx one'))).toBe(false);
    later(100);
    await retention.apply({ rule: RULE }, BY);
    expect(await artefacts.has(digestOf('fold one'))).toBe(false);
  });

  test('the same content registered again is the next version; without its bytes it is refused', async () => {
    await register('one');
    later(100);
    await register('two');
    const again = await stored('one');
    await retention.apply({ rule: RULE }, BY);
    await expect(registry.registerModel(again, BY)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`${digestOf('onnx one')} is gone`),
    });
    expect(await register('one')).toBe('3');
    expect(await register('one')).toBe('3');
    expect((await registry.model('pump-health', '1'))?.state).toBe('deleted');
    // Its card and log are gone with the rest: nothing brings a deleted version back into use.
    const target = { name: 'pump-health', version: '1' };
    const bob = { ...BY, actor: 'bob' };
    for (const attempt of [
      () => registry.changeState({ ...target, to: 'registered' }, BY),
      () => registry.reviewModel({ ...target, decision: 'approve' }, bob),
      () => registry.reviewModel({ ...target, decision: 'reject' }, bob),
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('what lacks a pipeline, and what came through the MLflow door, goes like any other, with its files', async () => {
    const whole = await stored('import');
    const part = { pipeline: null, golden: null, baseline: null, data: null, metrics: null } as const;
    const lacking = { ...whole, ...part, origin: 'imported', name: 'stray', folds: {} } as const;
    await registry.importModel(lacking, BY);
    const { models, tracking } = createMlflowStores(db, clock, artefacts);
    const file = async (path: string, text: string) => {
      const { digest, size } = await artefacts.put(text, 'text/plain');
      await tracking.putFile({ path, digest, size, mediaType: 'text/plain' });
      return { path, digest, size, mediaType: 'text/plain' };
    };
    await models.createModel({ name: 'door', description: '', tags: [] }, BY);
    const version = async (text: string) =>
      models.createVersion({ ...DOOR_VERSION, files: [await file('1/r/artifacts/m/model.bin', text)] }, BY);
    await version('first');
    await version('second');
    later(100);
    await importAgain();
    const plan = await retention.plan(RULE);
    expect(plan.go.map((v) => [v.name, v.version, v.bytes])).toEqual([
      ['door', '1', 'first'.length],
      ['stray', '1', 'onnx import'.length],
    ]);
    await retention.apply({ rule: RULE }, BY);
    expect([await artefacts.has(digestOf('first')), await artefacts.has(digestOf('second'))]).toEqual([
      false,
      true,
    ]);
    expect(await artefacts.has(digestOf('onnx import'))).toBe(false);
    await expect(models.doorVersion('door', '1')).rejects.toMatchObject({ code: 'NOT_FOUND' });

    async function importAgain() {
      const next = await stored('import 2');
      await registry.importModel({ ...lacking, digest: next.digest, onnx: next.onnx }, BY);
    }
  });

  test('files that MLflow clients overwrote go when they are old and nothing else has them', async () => {
    const { tracking } = createMlflowStores(db, clock, artefacts);
    const put = async (path: string, text: string) => {
      const { digest, size } = await artefacts.put(text, 'text/plain');
      await tracking.putFile({ path, digest, size, mediaType: 'text/plain' });
    };
    const step = { onnx: { digest: digestOf('cached') } };
    for (const text of ['old', 'elsewhere', 'cached', 'again', 'same', 'same', 'young', 'now']) {
      if (text === 'young') later(100);
      await put('1/r/artifacts/a', text);
      if (text === 'elsewhere' || text === 'again') await put('1/r/artifacts/b', text);
    }
    await createStepStore(db, clock).save('train', 'k', step, { workflowId: 'w', runId: 'r' });
    await put('1/r/artifacts/c/d', 'deleted');
    await tracking.deleteFiles('1/r/artifacts/c');
    await put('1/r/artifacts/b', 'elsewhere');
    const there = async () => {
      const texts = ['old', 'elsewhere', 'cached', 'again', 'same', 'young', 'now', 'deleted'];
      const found = await Promise.all(texts.map((text) => artefacts.has(digestOf(text))));
      return texts.filter((_, i) => found[i]);
    };
    expect(await retention.plan(RULE)).toMatchObject({
      overwritten: { artefacts: 1, bytes: 3 },
      artefacts: 1,
      bytes: 3,
    });
    expect((await retention.plan(RULE, 'pump-health')).overwritten).toEqual({ artefacts: 0, bytes: 0 });
    await retention.apply({ rule: RULE }, BY);
    expect(await there()).toEqual(['elsewhere', 'cached', 'again', 'same', 'young', 'now', 'deleted']);
    expect(await registry.audit({ limit: 1 })).toMatchObject([
      { action: 'files.deleted', actor: 'ada', details: { artefacts: 1, rule: RULE } },
    ]);
    later(100);
    // The step that would give "cached" out is old by now, and "same" and "young" were let go 100
    // days ago.
    await retention.apply({ rule: RULE }, BY);
    expect(await there()).toEqual(['elsewhere', 'now']);
    expect((await retention.apply({ rule: RULE }, BY)).overwritten).toEqual({ artefacts: 0, bytes: 0 });
  });

  test('a file that is put, and a version that is made of it, while retention runs has its bytes or is refused', async () => {
    const { tracking, models } = createMlflowStores(db, clock, artefacts);
    await models.createModel({ name: 'door', description: '', tags: [] }, BY);
    const fileOf = async (i: number, text: string) => {
      const { digest, size } = await artefacts.put(text, 'text/plain');
      return { path: `1/r/artifacts/${i}`, digest, size, mediaType: 'text/plain' };
    };
    for (let i = 0; i < 8; i += 1) {
      await tracking.putFile(await fileOf(i, `bytes ${i}`));
      await tracking.putFile(await fileOf(i, 'other'));
    }
    later(100);
    // Each finds the bytes there, so that nothing is written, before retention looks at who needs
    // them.
    const seen = await Promise.all(Array.from({ length: 8 }, (_, i) => fileOf(i, `bytes ${i}`)));
    const version = (file: (typeof seen)[number]) =>
      models.createVersion({ ...DOOR_VERSION, files: [file] }, BY);
    const results = await Promise.allSettled([
      ...seen.slice(0, 2).map((file) => tracking.putFile(file)),
      ...seen.slice(2, 4).map(version),
      retention.apply({ rule: RULE }, BY),
      ...seen.slice(4, 6).map((file) => tracking.putFile(file)),
      ...seen.slice(6).map(version),
    ]);
    const refused = results.flatMap((r) =>
      r.status === 'rejected' ? [(r.reason as { code: string }).code] : [],
    );
    expect(refused.every((code) => code === 'CONFLICT')).toBe(true);
    const { rows } = await sql<{ digest: string }>`
      select digest from mlflow_files union select digest from mlflow_version_files`.execute(db);
    for (const { digest } of rows) expect([digest, await artefacts.has(digest)]).toEqual([digest, true]);
    expect(rows.length - 1 + refused.length).toBe(8);
    // And whatever the order was: bytes that are gone can be named by nobody.
    await artefacts.remove(digestOf('bytes 0'));
    await expect(
      tracking.putFile(seen[0] ?? (await fileOf(0, ''))).catch((e: unknown) => e),
    ).resolves.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(version(seen[0] ?? (await fileOf(0, '')))).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('beside twenty registrations nothing that is registered loses a byte', async () => {
    for (let i = 0; i < 5; i += 1) await register(`old ${i}`);
    later(100);
    const all = Promise.all([
      ...Array.from({ length: 20 }, (_, i) => register(`new ${i % 10}`)),
      ...[1, 2, 3].map(() => retention.apply({ rule: { keep: 0, olderThanDays: 90 } }, BY)),
    ]);
    await all;
    const there = await registry.models({ name: 'pump-health' });
    const live = there.filter((m) => m.state !== 'deleted');
    expect(live).toHaveLength(10);
    for (const m of live)
      for (const ref of [m.onnx, m.golden, m.baseline, ...Object.values(m.folds)])
        expect(await artefacts.has(ref.digest)).toBe(true);
    for (let i = 0; i < 5; i += 1) expect(await artefacts.has(digestOf(`onnx old ${i}`))).toBe(false);
  });
});

test('a version that goes keeps nothing: what was compared with it only counts for one that stays', () => {
  const use = (version: string, comparedWith: string | null): VersionUse => ({
    name: 'm',
    version,
    state: 'registered',
    createdAt: new Date(0),
    aliases: [],
    rollouts: [],
    devices: 0,
    awaitsApproval: false,
    comparedWith,
  });
  const chain = [use('1', null), use('2', '1'), use('3', '2'), use('4', '3')];
  const { keep, go } = decideRetention(chain, { keep: 1, olderThanDays: 1 }, new Date('2026-01-01'));
  expect(keep.map((v) => v.version)).toEqual(['3', '4']);
  expect(go.map((v) => v.version)).toEqual(['1', '2']);
});
