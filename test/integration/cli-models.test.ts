import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { execa } from 'execa';
import { sql } from 'kysely';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { bundleFiles } from '../../src/adapters/git/source-bundle.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createDevServer } from '../support/dev-server.ts';
import { packedVersion } from '../support/pack-fixture.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import {
  comparedWith,
  digestOf,
  packagedImage,
  pipelineVersion,
  registration,
} from '../support/registry-fixtures.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const BY = { actor: 'ada', reason: 'because' };
const folder = tempFolder('cli-models');
let temporal: TestWorkflowEnvironment;
let database: TestDatabase;

beforeAll(async () => {
  temporal = await createDevServer();
  database = await createTestDatabase();
  const db = openDatabase(database.url);
  const registry = createRegistry(db, systemClock);
  await registry.publishPipeline(pipelineVersion(), BY);
  await registry.recordData(registration().data, [{ path: 'p/1.csv', sha256: 'f1', rows: 1000 }]);
  await registry.registerModel(registration('one'), BY);
  await registry.registerModel({ ...registration('two'), comparison: comparedWith('1') }, BY);
  await registry.setAlias({ name: 'pump-health', alias: 'champion', version: '1' }, BY);
  const image = packagedImage();
  await registry.recordImage({ name: 'pump-health', version: '1' }, image, BY);
  const store = createRolloutStore(db, systemClock);
  const rolloutId = 'rollout-1';
  await store.create(
    {
      rolloutId,
      model: 'pump-health',
      version: '1',
      modelDigest: digestOf('model'),
      ...BY,
      image: image.reference,
      imageDigest: image.digest,
      condition: '',
      previous: null,
      policy: rolloutPolicySchema.parse(undefined),
      workflowId: 'w',
      runId: 'r',
    },
    [{ deviceId: 'pump-7', ring: 0, stratum: 'a', redundancyGroup: null }],
  );
  await store.openRing(rolloutId, 0);
  await store.saveBaselines(rolloutId, [{ deviceId: 'pump-7', target: null, restarts: 0 }]);
  await store.markOffered(rolloutId, 0, ['pump-7']);
  await db.destroy();
}, 120_000);
afterAll(async () => {
  await database?.drop();
  await temporal?.teardown();
  folder.remove();
});

async function windlass(...args: string[]) {
  const env = { DATABASE_URL: database.url, TEMPORAL_ADDRESS: temporal.address };
  const options = { cwd: folder.path, env, reject: false, timeout: 60_000 } as const;
  const { exitCode, stdout, stderr } = await execa('node', [MAIN, ...args], options);
  return { exitCode, stdout, stderr, json: () => JSON.parse(stdout) as never };
}

describe('models list', () => {
  test('--json is the list that programs rely on', async () => {
    const { exitCode, json } = await windlass('models', 'list', '--json');
    expect(exitCode).toBe(0);
    const models = json() as Record<string, unknown>[];
    expect(models.map((m) => [m.name, m.version, m.aliases])).toEqual([
      ['pump-health', '2', []],
      ['pump-health', '1', ['champion']],
    ]);
    expect(Object.keys(models[0] ?? {})).toEqual([
      ...['name', 'version', 'digest', 'state', 'aliases', 'metrics', 'createdAt'],
    ]);
  }, 60_000);

  test('for people, by alias', async () => {
    const { stdout } = await windlass('models', 'list', 'pump-health', '--alias', 'champion');
    expect(stdout).toMatch(/MODEL +ALIASES +F1/);
    expect(stdout).toMatch(/pump-health@1 +champion +0\.900 +5\.0 % +10\.0 %/);
    expect(stdout).not.toContain('pump-health@2');
  }, 60_000);
});

describe('models show', () => {
  test('a name alone is its champion', async () => {
    const { stdout } = await windlass('models', 'show', 'pump-health');
    expect(stdout).toContain('pump-health@1  (champion)');
    expect(stdout).toContain('F1 0.900 (always-alarm 0.700)');
    expect(stdout).toMatch(/loads: pass/);
  }, 60_000);

  test.each([
    ['pump-health@9', 4, 'There is no model version pump-health@9; the newest are 2, 1 (champion).'],
    ['other', 4, 'No version of the model "other" is registered.'],
    ['Pump!', 2, 'expected name, name@version or name@alias'],
  ])(
    '%s ends with %i',
    async (reference, code, message) => {
      const { exitCode, json } = await windlass('models', 'show', reference, '--json');
      expect(exitCode).toBe(code);
      expect(json()).toMatchObject({ error: { message: expect.stringContaining(message) } });
    },
    60_000,
  );
});

describe('models lineage', () => {
  const expected = {
    model: { name: 'pump-health', version: '1', digest: registration('one').digest },
    run: { workflowId: 'build-one', runId: 'run-one' },
    pipeline: { name: 'pump-health', version: '1' },
    commit: 'commit-first',
    environment: digestOf('environment'),
    data: [{ path: 'p/1.csv', sha256: 'f1' }],
    image: packagedImage(),
    deployments: [{ rolloutId: 'rollout-1', outcome: 'running', finishedAt: null }],
    devices: ['pump-7'],
  };

  test('from a version', async () => {
    const { exitCode, json } = await windlass('models', 'lineage', 'pump-health@champion', '--json');
    expect(exitCode).toBe(0);
    expect(json()).toMatchObject(expected);
    const unpackaged = (await windlass('models', 'lineage', 'pump-health@2', '--json')).json() as object;
    expect(unpackaged).not.toHaveProperty('image');
    expect(unpackaged).toMatchObject({ deployments: [], devices: [] });
  }, 60_000);

  test('from a device: what runs on it, since when, and why', async () => {
    const { json } = await windlass('models', 'lineage', '--device', 'pump-7', '--json');
    expect(json()).toMatchObject({
      ...expected,
      device: { deviceId: 'pump-7', version: '1', ring: 'canary' },
    });
    const { stdout } = await windlass('models', 'lineage', '--device', 'pump-7');
    expect(stdout).toMatch(/^pump-7: pump-health@1 since \d{4}-/);
    expect(stdout).toContain('commit      commit-first of /projects/pumps');
    expect(stdout).toMatch(/alias\.set by ada: because/);
  }, 60_000);

  test.each([
    [['--device', 'pump-99'], 4],
    [[], 2],
    [['pump-health', '--device', 'pump-7'], 2],
  ])(
    '%j ends with %i',
    async (args, code) => {
      expect((await windlass('models', 'lineage', ...args)).exitCode).toBe(code);
    },
    60_000,
  );
});

describe('data-event', () => {
  test('goes to the coordinator of the model, with an absolute path', async () => {
    const { exitCode, json } = await windlass('data-event', 'pump-health', 'new', '--id', 'e1', '--json');
    expect(exitCode).toBe(0);
    const { workflowId } = json() as { workflowId: string };
    expect(workflowId).toBe('retrain-coordinator-pump-health');
    const history = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    const signal = history.events?.find((e) => e.workflowExecutionSignaledEventAttributes);
    const payload = signal?.workflowExecutionSignaledEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(payload ?? []).toString())).toMatchObject({
      model: 'pump-health',
      data: join(folder.path, 'new'),
      id: 'e1',
    });
  }, 60_000);

  test('a model that nobody knows is refused', async () => {
    const { exitCode, json } = await windlass('data-event', 'pump-helth', 'new', '--json');
    expect([exitCode, json()]).toMatchObject([4, { error: { code: 'NOT_FOUND' } }]);
  }, 60_000);
});

test.each([['models list'], ['models show'], ['models lineage'], ['data-event']])(
  '%s --help has examples',
  async (words) => {
    const { exitCode, stdout } = await windlass(...words.split(' '), '--help');
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Examples:')]);
  },
  60_000,
);

describe('what people decide', () => {
  test('a reason is needed, approvals are shown, and the date tells who gave them', async () => {
    const without = await windlass('models', 'approve', 'pump-health@2', '--actor', 'bob', '--json');
    expect([without.exitCode, without.json()]).toMatchObject([2, { error: { code: 'INPUT_INVALID' } }]);
    const by = ['--set', 'actor=bob', '--reason', 'looks right', '--json'];
    expect((await windlass('models', 'approve', 'pump-health@2', ...by)).json()).toMatchObject({
      name: 'pump-health',
      version: '2',
      state: 'approved',
      missing: null,
      reviews: [{ actor: 'bob', decision: 'approve', reason: 'looks right' }],
    });
    await windlass('models', 'promote', 'pump-health@2', '--actor', 'op', '--reason', 'go');
    const { stdout } = await windlass('models', 'at', 'pump-health');
    expect(stdout).toMatch(/champion +pump-health@2 +\d{4}-.* now +op +bob +go/);
    expect((await windlass('models', 'at', 'pump-health', '--date', '2001-01-01')).exitCode).toBe(4);
  }, 60_000);

  test('the setting actor says who acts; it does not filter what others did', async () => {
    const { exitCode, json } = await windlass('--set', 'actor=zoe', 'audit', 'list', '--json');
    const actors = (json() as { actor: string }[]).map((event) => event.actor);
    expect([exitCode, actors.includes('ada')]).toEqual([0, true]);
  }, 60_000);

  test('an altered audit trail ends with 9 and names the entry', async () => {
    const { json, exitCode } = await windlass('audit', 'verify', '--json');
    expect([exitCode, json()]).toEqual([
      0,
      { ok: true, entries: expect.any(Number), head: expect.any(String) },
    ]);
    const db = openDatabase(database.url);
    await sql`alter table audit_events disable trigger all`.execute(db);
    await sql`update audit_events set actor = 'mallory' where seq = 3`.execute(db);
    await db.destroy();
    const broken = await windlass('audit', 'verify', '--json');
    expect(broken.exitCode).toBe(9);
    expect(broken.json()).toMatchObject({
      ok: false,
      entries: 2,
      brokenAt: 3,
      reason: 'event 3 was altered',
    });
  }, 60_000);
});

test('pipelines are listed, shown and compared', async () => {
  const db = openDatabase(database.url);
  const artefacts = createFileArtefactStore(join(folder.path, '.windlass', 'artefacts'));
  for (const words of ['second', 'third']) {
    const content = Buffer.from(`depth = "${words}"\n`);
    const tar = await bundleFiles([{ path: 'train.py', kind: 'file', content }]);
    const pipeline = pipelineVersion(words);
    const bundle = await artefacts.put(tar, 'application/x-tar');
    await createRegistry(db, systemClock, artefacts).publishPipeline(
      { ...pipeline, source: { ...pipeline.source, bundle } },
      BY,
    );
  }
  await db.destroy();
  const list = await windlass('pipelines', 'list', 'pump-health', '--json');
  expect(list.json()).toMatchObject([
    { version: '3', commit: 'commit-third', checks: { passed: 1, of: 1 } },
    { version: '2' },
    { version: '1' },
  ]);
  const diff = await windlass('pipelines', 'diff', 'pump-health@2', 'pump-health');
  expect(diff.stdout).toMatch(/~ train\.py\n.*\n\s+-depth = "second"\n\s+\+depth = "third"/);
  const missing = await windlass('pipelines', 'show', 'pump-health@9', '--json');
  expect(missing).toMatchObject({ exitCode: 4 });
  expect(missing.json()).toMatchObject({
    error: { message: expect.stringContaining('published are 3, 2, 1') },
  });
}, 120_000);

test('calibrations of devices are listed, and the newest is shown as the module takes it', async () => {
  const db = openDatabase(database.url);
  const artefacts = createFileArtefactStore(join(folder.path, '.windlass', 'artefacts'));
  const registry = createRegistry(db, systemClock, artefacts);
  for (const [device, id, fittedAt] of [
    ['pump-7', 'first', '2026-03-01T06:00:00.000Z'],
    ['pump-7', 'second', '2026-03-02T06:00:00.000Z'],
    ['pump-8', 'other', '2026-03-03T06:00:00.000Z'],
  ] as const) {
    const document = await artefacts.put(JSON.stringify({ id, fittedAt }), 'application/json');
    const calibration = { device, id, document, rows: 400, dataSha256: digestOf(id).slice(7), fittedAt };
    await registry.recordCalibration({ name: 'pump-health', version: '1' }, calibration, BY);
  }
  await db.destroy();
  const listed = await windlass('calibrations', 'list', '--model', 'pump-health@1', '--json');
  expect((listed.json() as { id: string }[]).map((c) => c.id)).toEqual(['other', 'second', 'first']);
  const { stdout } = await windlass('calibrations', 'list', '--device', 'pump-7');
  expect(stdout).toMatch(/pump-7 +pump-health@1 +second +400 +2026-03-02 06:00 +ada\n.* first .*$/);
  const shown = await windlass('calibrations', 'show', 'pump-health@1', '--device', 'pump-7');
  expect(shown.json()).toEqual({ id: 'second', fittedAt: '2026-03-02T06:00:00.000Z' });
  const none = await windlass('calibrations', 'show', 'pump-health@2', '--device', 'pump-7', '--json');
  expect(none).toMatchObject({ exitCode: 4 });
  expect(none.json()).toMatchObject({
    error: { message: 'No calibration of pump-7 for pump-health@2 is kept.' },
  });
}, 60_000);

test('a version goes to another registry as a pack, and is judged there', async () => {
  const db = openDatabase(database.url);
  const artefacts = createFileArtefactStore(join(folder.path, '.windlass', 'artefacts'));
  const registry = createRegistry(db, systemClock, artefacts);
  const { pipeline, registration: made } = await packedVersion(artefacts, { name: 'packed' });
  await registry.publishPipeline(pipeline, BY);
  const won = { ...made, comparison: comparedWith('1', 'SUPERIOR') };
  await registry.registerModel(won, BY);
  expect((await windlass('models', 'export', 'packed@1', 'packs')).exitCode).toBe(0);
  const takeIn = () =>
    windlass('models', 'import-pack', 'packs', '--reason', 'from the test plant', '--json');
  expect((await takeIn()).json()).toMatchObject({ name: 'packed', version: '1', existed: true });
  // A registry that has the model's name, and a champion, already.
  await sql`update models set state = 'deleted' where name = 'packed'`.execute(db);
  const first = await takeIn();
  expect(first.json()).toMatchObject({ version: '2', existed: false, state: 'registered' });
  const { comparison } = (await registry.model('packed', '2')) ?? {};
  expect(comparison).toMatchObject({
    verdict: 'NO_BASELINE',
    champion: null,
    reason: 'imported: it was compared elsewhere (SUPERIOR)',
  });
  await registry.setAlias({ name: 'packed', version: '2', alias: 'champion' }, BY);
  const other = await packedVersion(artefacts, { name: 'packed', gain: 3 });
  const version = { ...other.registration, comparison: comparedWith('2', 'SUPERIOR') };
  const { version: next } = await registry.registerModel(version, BY);
  await windlass('models', 'export', `packed@${next}`, 'packs');
  await sql`update models set state = 'deleted' where name = 'packed' and version = ${Number(next)}`.execute(
    db,
  );
  const second = await windlass('models', 'import-pack', 'packs', '--name', `packed:${next}`, '--json');
  expect(second.json()).toMatchObject({ state: 'rejected' });
  await db.destroy();
}, 120_000);

test('who sets or removes a schedule needs the role, and both are on record', async () => {
  await windlass('roles', 'grant', 'ada', 'admin', '--actor', 'ada');
  await windlass('roles', 'grant', 'eve', 'contributor', '--project', 'pump-health', '--actor', 'ada');
  const schedule = (...args: string[]) => windlass('monitor', 'schedule', 'pump-health', '--json', ...args);
  const denied = await schedule('--every', '6h', '--actor', 'bob');
  expect([denied.exitCode, denied.json()]).toMatchObject([6, { error: { code: 'FORBIDDEN' } }]);
  const set = await schedule('--every', '6h', '--actor', 'eve', '--reason', 'watch it');
  expect([set.exitCode, set.json()]).toMatchObject([0, { everySeconds: 21_600 }]);
  const handle = temporal.client.schedule.getHandle('monitor-pump-health');
  expect((await handle.describe()).action).toMatchObject({
    args: [{ model: 'pump-health', actor: 'eve', reason: 'watch it' }],
  });
  expect((await schedule('--delete', '--actor', 'bob')).exitCode).toBe(6);
  expect((await schedule('--delete', '--actor', 'eve')).exitCode).toBe(0);
  const taken = await windlass('models', 'import-pack', 'packs', '--name', 'packed:1', '--actor', 'eve');
  expect(taken.exitCode).toBe(6);
  const events = await windlass('audit', 'list', '--subject', 'model/pump-health', '--json');
  expect((events.json() as { action: string; actor: string }[]).map((e) => [e.action, e.actor])).toEqual([
    ['monitor.unscheduled', 'eve'],
    ['monitor.scheduled', 'eve'],
  ]);
}, 120_000);
