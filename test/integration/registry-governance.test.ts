import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { deployableVersion } from '../../activities/rollout/plan-rollout.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import { rolloutPolicySchema } from '../../src/contracts/rollout/policy.ts';
import type { Database } from '../../src/adapters/postgres/schema.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';
import type { ModelRegistration } from '../../src/contracts/model/model-version.ts';
import {
  comparedWith,
  packagedImage,
  pipelineVersion,
  projectSpec,
  registration,
} from '../support/registry-fixtures.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';

const ADA = { actor: 'ada', reason: 'because' };
const as = (actor: string, reason = `${actor} looked`) => ({ actor, reason });
const MODEL = { name: 'pump-health', version: '1' };
const CHAMPION = { ...MODEL, alias: 'champion' };
let database: TestDatabase;
let db: Kysely<Database>;
let registry: Registry;
let now = new Date('2026-01-01T00:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url);
});
beforeEach(async () => {
  await sql`truncate models, pipelines, data_sets, model_aliases, rollouts cascade`.execute(db);
  now = new Date('2026-01-01T00:00:00Z');
  registry = createRegistry(db, { now: () => now });
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

/** Publishes a pipeline whose project wants approvals, and registers versions from it. */
async function governed(rule: { approvals: number; approvers?: string[] }, count = 1): Promise<void> {
  const spec = projectSpec({ registry: rule });
  await registry.publishPipeline({ ...pipelineVersion(), spec }, ADA);
  for (let i = 1; i <= count; i += 1) await registry.registerModel(registration(`m${i}`), ADA);
}
const review = (decision: 'approve' | 'reject', actor: string, version = '1') =>
  registry.reviewModel({ ...MODEL, version, decision }, as(actor));

describe('promotion', () => {
  test('waits for two of three, says whom for, and tells afterwards who they were', async () => {
    await governed({ approvals: 2, approvers: ['bob', 'eve', 'joe'] });
    await expect(registry.setAlias(CHAMPION, ADA)).rejects.toMatchObject({
      code: 'APPROVAL_REQUIRED',
      message: 'pump-health@1 may not be champion: approvals: needs 2 more approvals by bob, eve, joe.',
    });
    expect((await review('approve', 'bob')).state).toBe('registered');
    expect((await review('approve', 'eve')).state).toBe('approved');
    now = new Date('2026-02-01T00:00:00Z');
    await registry.setAlias(CHAMPION, ADA);
    now = new Date('2026-03-01T00:00:00Z');
    await review('approve', 'joe');
    expect(await registry.aliasAt('pump-health', 'champion', now)).toMatchObject({
      version: '1',
      by: 'ada',
      since: '2026-02-01T00:00:00.000Z',
      until: null,
      approvals: [
        { actor: 'bob', decision: 'approve', reason: 'bob looked', at: '2026-01-01T00:00:00.000Z' },
        { actor: 'eve' },
      ],
    });
    const actions = (await registry.audit({ subject: 'model/pump-health@1' })).map((e) => e.action);
    expect(actions.reverse()).toEqual([
      'model.registered',
      'model.approved',
      'model.approved',
      'alias.set',
      'model.approved',
    ]);
  });

  test('the author, a stranger and a reason left out are refused, and nothing is written', async () => {
    await governed({ approvals: 1, approvers: ['ada', 'bob'] });
    const events = (await registry.audit()).length;
    await expect(review('approve', 'ada')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('ada is its author'),
    });
    await expect(review('approve', 'eve')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('eve is not among the approvers of the project (ada, bob)'),
    });
    const target = { ...MODEL, decision: 'approve' } as const;
    await expect(registry.reviewModel(target, as('bob', ' '))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    expect((await registry.audit()).length).toBe(events);
    expect(await registry.reviews('pump-health', '1')).toEqual([]);
  });

  test('a version that lost cannot be approved into production', async () => {
    await registry.publishPipeline(pipelineVersion(), ADA);
    const lost = {
      ...registration().comparison,
      verdict: 'INFERIOR',
      reason: 'F1 0.81 against 0.90',
    } as const;
    await registry.registerModel({ ...registration(), comparison: lost }, ADA);
    for (const attempt of [review('approve', 'bob'), registry.setAlias(CHAMPION, ADA)])
      await expect(attempt).rejects.toMatchObject({
        code: 'PROMOTION_REFUSED',
        message: expect.stringContaining('F1 0.81 against 0.90'),
      });
    await registry.setAlias({ ...MODEL, alias: 'to-look-at' }, ADA);
    expect((await registry.model('pump-health', 'to-look-at'))?.state).toBe('rejected');
  });

  test('only a comparison with the present champion lets a version take its place; making it again gives one', async () => {
    await governed({ approvals: 0 }, 3);
    const [first, second, third] = ['1', '2', '3'].map((version) => ({ ...CHAMPION, version }));
    const weak = { ...registration('weak'), comparison: comparedWith('weak@1') };
    await registry.registerModel(weak, ADA);
    await registry.setAlias(first ?? CHAMPION, ADA);
    await expect(registry.setAlias(second ?? CHAMPION, ADA)).rejects.toMatchObject({
      code: 'PROMOTION_REFUSED',
      message: expect.stringContaining(
        'compared with nothing, and version 1 is champion now: `windlass train --pipeline pump-health@1 --data data/pumps --seed 7 --param depth=3` compares',
      ),
    });
    await expect(registry.setAlias({ ...CHAMPION, version: '4' }, ADA)).rejects.toMatchObject({
      message: expect.stringContaining('it was compared with weak@1, and version 1 is champion now'),
    });
    const again = (words: string, comparison: ModelRegistration['comparison']) =>
      registry.registerModel(
        { ...registration(words), comparison, run: { workflowId: 'again', runId: words } },
        ADA,
      );
    expect((await again('m2', comparedWith('1'))).comparison.champion?.version).toBe('1');
    await again('m2', comparedWith('1'));
    await again('m2', comparedWith('weak@2', 'INFERIOR'));
    await registry.setAlias(second ?? CHAMPION, ADA);
    // Going back needs no comparison; a version that loses to the champion of today is nobody's
    // challenger.
    await registry.setAlias(first ?? CHAMPION, ADA);
    await registry.setAlias({ ...MODEL, version: '3', alias: 'challenger' }, ADA);
    expect(await again('m3', comparedWith('1', 'INFERIOR'))).toMatchObject({
      version: '3',
      state: 'rejected',
    });
    expect(await registry.setAlias(third ?? CHAMPION, ADA).catch((e: unknown) => e)).toMatchObject({
      message: expect.stringContaining('rejected'),
    });
    expect(await again('m3', comparedWith('1'))).toMatchObject({ state: 'registered', aliases: [] });
    const told = await registry.audit({ subject: 'model/pump-health@3' });
    expect(told.reverse().map((e) => [e.action, e.details.verdict, e.details.to])).toEqual([
      ['model.registered', 'NO_BASELINE', undefined],
      ['alias.set', undefined, undefined],
      ['model.compared', 'INFERIOR', 'rejected'],
      ['alias.removed', undefined, undefined],
      ['model.compared', 'NON_INFERIOR', 'registered'],
    ]);
    const compared = await registry.audit({ action: 'model.compared' });
    expect(compared.filter((e) => e.subject.endsWith('@2'))).toHaveLength(1);
    // Without a champion there is nothing to compare with.
    await registry.removeAlias(CHAMPION, ADA);
    await registry.setAlias({ ...CHAMPION, version: '4' }, ADA);
  });

  test('a later commit cannot loosen the rule that the champion was promoted by', async () => {
    await governed({ approvals: 1 });
    await review('approve', 'bob');
    await registry.setAlias(CHAMPION, ADA);
    await registry.publishPipeline(pipelineVersion('loose'), ADA);
    await registry.registerModel({ ...registration('m2', '2'), comparison: comparedWith('1') }, ADA);
    await expect(registry.setAlias({ ...CHAMPION, version: '2' }, ADA)).rejects.toMatchObject({
      code: 'APPROVAL_REQUIRED',
    });
    await review('approve', 'bob', '2');
    await registry.setAlias({ ...CHAMPION, version: '2' }, ADA);
    // Under the looser rule now, and back to the former champion at once.
    await registry.setAlias(CHAMPION, ADA);
    const history = await registry.aliasHistory('pump-health', 'champion');
    expect(history.map((s) => s.version)).toEqual(['1', '2', '1']);
    // Nor does taking the alias away first: the rule of who was champion last stays.
    await registry.removeAlias(CHAMPION, ADA);
    await registry.registerModel(registration('m3', '2'), ADA);
    await expect(registry.setAlias({ ...CHAMPION, version: '3' }, ADA)).rejects.toMatchObject({
      code: 'APPROVAL_REQUIRED',
    });
  });

  test('a rejection ends the challenger, blocks promotion, and is taken back by an approval', async () => {
    await governed({ approvals: 1 });
    await registry.setAlias({ ...MODEL, alias: 'challenger' }, ADA);
    await review('approve', 'bob');
    expect((await review('reject', 'eve')).state).toBe('rejected');
    expect((await registry.model('pump-health', '1'))?.aliases).toEqual([]);
    expect(await registry.audit({ action: 'alias.removed', limit: 1 })).toMatchObject([
      { actor: 'eve', subject: 'model/pump-health@1', details: { alias: 'challenger' } },
    ]);
    await expect(registry.setAlias(CHAMPION, ADA)).rejects.toMatchObject({
      code: 'PROMOTION_REFUSED',
      message: expect.stringContaining('rejected by eve (eve looked)'),
    });
    expect((await review('approve', 'eve')).state).toBe('approved');
    await registry.setAlias(CHAMPION, ADA);
    await expect(review('reject', 'eve')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a version that may not be champion may not reach a device either', async () => {
    await governed({ approvals: 1 });
    await registry.recordImage(MODEL, packagedImage(), ADA);
    await expect(deployableVersion(registry, 'pump-health@1')).rejects.toMatchObject({
      code: 'APPROVAL_REQUIRED',
      message:
        'pump-health@1 may not be rolled out: approvals: needs 1 more approval by anybody but its author ada.',
    });
    await review('approve', 'bob');
    expect(await deployableVersion(registry, 'pump-health@1')).toMatchObject({ version: '1' });
    await review('reject', 'eve');
    await expect(deployableVersion(registry, 'pump-health@1')).rejects.toMatchObject({ code: 'GATE_FAILED' });
  });

  test('two approvals at once are both counted', async () => {
    await governed({ approvals: 2 });
    await Promise.all([review('approve', 'bob'), review('approve', 'eve')]);
    expect((await registry.model('pump-health', '1'))?.state).toBe('approved');
  });
});

describe('states', () => {
  const to = (state: 'retired' | 'archived' | 'registered') =>
    registry.changeState({ ...MODEL, to: state }, as('bob'));

  test('retired, archived, restored; each with its audit event', async () => {
    await governed({ approvals: 1 });
    await review('approve', 'bob');
    expect((await to('retired')).state).toBe('retired');
    await expect(registry.setAlias({ ...MODEL, alias: 'any' }, ADA)).rejects.toMatchObject({
      code: 'PROMOTION_REFUSED',
      message: expect.stringContaining('it is retired'),
    });
    expect((await to('archived')).state).toBe('archived');
    await expect(review('approve', 'eve')).rejects.toMatchObject({ code: 'CONFLICT' });
    // Somebody's no counts when the version is taken back; until then its bytes stay archived.
    expect((await review('reject', 'eve')).state).toBe('archived');
    expect((await to('registered')).state).toBe('rejected');
    expect((await to('archived')).state).toBe('archived');
    await expect(review('approve', 'eve')).rejects.toMatchObject({ code: 'CONFLICT' });
    await to('registered');
    expect((await review('approve', 'eve')).state).toBe('approved');
    const events = await registry.audit({ subject: 'model/pump-health@1' });
    expect(events.slice(0, 7).map((e) => [e.action, e.details])).toEqual([
      ['model.approved', { from: 'rejected', to: 'approved' }],
      ['model.restored', { from: 'archived', to: 'rejected' }],
      ['model.archived', { from: 'rejected', to: 'archived' }],
      ['model.restored', { from: 'archived', to: 'rejected' }],
      ['model.rejected', { from: 'archived', to: 'archived' }],
      ['model.archived', { from: 'retired', to: 'archived' }],
      ['model.retired', { from: 'approved', to: 'retired' }],
    ]);
  });

  test('what was imported in part, or came through the MLflow door, is tagged, retired and taken back like any other', async () => {
    const part = { pipeline: null, golden: null, baseline: null, data: null, metrics: null } as const;
    await registry.importModel({ ...registration(), ...part, origin: 'imported' }, ADA);
    const { models } = createMlflowStores(db, { now: () => now });
    await models.createModel({ name: 'door', description: '', tags: [] }, ADA);
    const file = { path: 'm', digest: registration().digest, size: 1, mediaType: 'text/plain' };
    const made = { source: 'runs:/r/m', runId: null, modelId: null, runLink: null, description: '' };
    await models.createVersion({ name: 'door', ...made, tags: [], files: [file] }, ADA);
    for (const [name, before] of [
      ['pump-health', 'registered'],
      ['door', 'unjudged'],
    ] as const) {
      const target = { name, version: '1' };
      await registry.setTags({ ...target, tags: { site: 'north' } }, ADA);
      expect(await registry.changeState({ ...target, to: 'retired' }, as('bob'))).toEqual({
        ...target,
        state: 'retired',
        aliases: [],
      });
      await registry.reviewModel({ ...target, decision: 'reject' }, as('bob'));
      expect((await registry.standing(name, '1'))?.state).toBe('retired');
      const back = await registry.changeState({ ...target, to: 'registered' }, as('bob'));
      expect(back.state).toBe(before === 'registered' ? 'rejected' : before);
    }
    await registry.setAlias({ name: 'door', version: '1', alias: 'any' }, ADA);
    await models.withdrawVersion({ name: 'door', version: '1' }, as('bob'));
    expect((await registry.audit({ subject: 'model/door@1', limit: 2 })).map((e) => e.action)).toEqual([
      'model.retired',
      'alias.removed',
    ]);
  });

  test('a rollout that was planned before its version was rejected does not begin', async () => {
    await governed({ approvals: 0 });
    await review('reject', 'bob');
    const store = createRolloutStore(db, { now: () => now });
    const rollout = {
      rolloutId: 'r1',
      model: 'pump-health',
      version: '1',
      modelDigest: registration().digest,
      ...ADA,
      image: 'i',
      imageDigest: 'sha256:i',
      condition: '',
      previous: null,
      workflowId: 'w',
      runId: 'r',
      policy: rolloutPolicySchema.parse(undefined),
    };
    await expect(store.create(rollout, [])).rejects.toMatchObject({
      code: 'GATE_FAILED',
      message: 'pump-health@1 is rejected: it may not be deployed.',
    });
    expect(await store.rollout('r1')).toBeUndefined();
  });

  test('what is in use stays in use', async () => {
    await governed({ approvals: 0 });
    await registry.setAlias(CHAMPION, ADA);
    await expect(to('retired')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'pump-health@1 cannot be retired: it is champion.',
    });
    await registry.removeAlias(CHAMPION, ADA);
    expect((await to('retired')).state).toBe('retired');
    expect(await registry.aliasAt('pump-health', 'champion', now)).toBeUndefined();
  });
});
