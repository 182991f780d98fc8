import { globSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { BUILD_STEPS } from '../../src/contracts/build/build-steps.ts';
import type { BuildInput, BuildResult } from '../../src/contracts/build/build.ts';
import { PROGRESS_QUERY, type PipelineProgress } from '../../src/contracts/progress.ts';
import { cardOfPage } from '../../src/domain/registry/model-card.ts';
import { monitoringBaselineSchema } from '../../src/contracts/device/window-summary.ts';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { createBuildSystem, type BuildHandle, type BuildSystem } from '../support/build-system.ts';
import { createTinyProject, gitIn, writeTinyData, type TinyProject } from '../support/tiny-project.ts';

const PATIENCE = 240_000;

let system: BuildSystem;
let tiny: TinyProject;
let first: BuildResult;

beforeAll(async () => {
  // a folder of its own: its first build makes the environment
  system = await createBuildSystem('envs');
  tiny = createTinyProject(system.folder);
  first = await system.run({ project: tiny.project, data: tiny.data, actor: 'ada', reason: 'first version' });
}, PATIENCE);
afterAll(() => system.close(), PATIENCE);

const build = (input: BuildInput = {}) => system.run({ project: tiny.project, data: tiny.data, ...input });
const cached = (result: BuildResult): string[] => result.steps.filter((s) => s.cached).map((s) => s.name);
const progressOf = (handle: BuildHandle) => handle.query<PipelineProgress>(PROGRESS_QUERY);

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
  readonly progress: PipelineProgress;
}

/** The error that a workflow failed with, as a caller reads it. */
async function failure(input: Record<string, unknown>): Promise<Failure> {
  const handle = await system.start({ project: tiny.project, data: tiny.data, ...input });
  const error: unknown = await handle.result().catch((e: unknown) => e);
  if (!(error instanceof WorkflowFailedError) || !(error.cause instanceof ApplicationFailure))
    throw new Error('expected the workflow to fail', { cause: error });
  const { cause } = error;
  const body = (cause.details?.[0] ?? {}) as { details?: Record<string, unknown> };
  const progress = await progressOf(handle);
  return { code: cause.type ?? '', message: cause.message, details: body.details ?? {}, progress };
}
const stepOf = (f: Failure, status: string): string[] =>
  f.progress.steps.filter((s) => s.status === status).map((s) => s.name);

describe('the first build', () => {
  test('goes from a commit to a champion, with gates, metrics and steps', () => {
    expect(first.model).toMatchObject({ name: 'tiny', version: '1', aliases: ['champion'] });
    expect(first.pipeline).toEqual({ name: 'tiny', version: '1' });
    expect(first.data).toMatchObject({ files: 8, rows: 1600 });
    expect(first.comparison.verdict).toBe('NO_BASELINE');
    expect(first.source.commit).toBe(gitIn(tiny.repository, 'rev-parse', 'HEAD'));
    expect(first.gates.filter((g) => g.status !== 'pass' && g.status !== 'warn')).toEqual([]);
    expect(first.gates.map((g) => g.name)).toEqual(
      expect.arrayContaining(['check-unit-tests', 'onnx-signature', 'golden-parity', 'f1']),
    );
    expect(first.metrics.f1).toBeGreaterThan(0.9);
    expect(first.metrics).toMatchObject({ rows: 8 * 160, groups: 8 });
    expect(first.steps).toHaveLength(12);
    expect(cached(first)).toEqual([]);
    expect(first.deployment).toBeUndefined();
  });

  test('leaves a version whose artefacts can all be read, with lineage and audit', async () => {
    const { registry, artefacts } = system.context;
    const model = await registry.model('tiny', 'champion');
    if (model === undefined) throw new Error('no champion');
    expect(model).toMatchObject({
      version: '1',
      digest: first.model.digest,
      state: 'registered',
      createdBy: 'ada',
      seed: 7,
    });
    expect(Object.keys(model.folds)).toEqual(['0', '1']);
    for (const ref of [model.onnx, model.golden, ...Object.values(model.folds)])
      expect((await artefacts.read(ref.digest)).length).toBe(ref.size);
    const baseline = monitoringBaselineSchema.parse(
      JSON.parse((await artefacts.read(model.baseline.digest)).toString()),
    );
    expect(Object.keys(baseline.columns).sort()).toEqual(['current', 'vibration']);
    expect(baseline.columns['current']?.shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
    expect(baseline.columns['current']?.chunkPsi.length).toBeGreaterThanOrEqual(6);
    // Normal rows alone: 60 of the 160 after calibration.
    expect(baseline).toMatchObject({ groups: 8, rows: 8 * 60 });
    const card = (await artefacts.read(model.card?.digest ?? '')).toString();
    expect(card).toContain(first.source.commit);
    expect(card).toContain(first.metrics.f1.toFixed(4));
    // The page carries its JSON twin; contributions sum to the score of each alert, and vibration
    // matters here.
    const twin = cardOfPage(card);
    expect(twin).toMatchObject({
      schema: 'windlass.card/1',
      digest: first.model.digest,
      metrics: first.metrics,
    });
    expect(twin?.evaluation?.rules.map((r) => r.rule)).toContain('z-score');
    expect(twin?.explanation?.importance.find((c) => c.column === 'vibration')?.loss).toBeGreaterThan(0.05);
    expect(twin?.explanation?.alerts).toHaveLength(6);
    for (const a of twin?.explanation?.alerts ?? [])
      expect(a.base + a.contributions.reduce((sum, c) => sum + c.value, 0)).toBeCloseTo(a.score, 5);
    const log = (await artefacts.read(model.log?.digest ?? '')).toString();
    expect(log).toContain('read 8 groups');
    const lineage = await registry.lineage('tiny', '1');
    expect(lineage).toMatchObject({ commit: first.source.commit, dataDigest: first.data.digest });
    expect(lineage.audit.map((a) => a.action)).toEqual(expect.arrayContaining(['model.registered']));
  });

  test('can be followed in the Temporal UI: details, search attributes, small payloads', async () => {
    const handle = system.context.temporal.workflow.getHandle(first.workflowId);
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({
      WindlassModel: ['tiny'],
      WindlassVersion: ['1'],
      WindlassPipeline: ['tiny@1'],
      WindlassCommit: [first.source.commit],
      WindlassStage: ['registered'],
    });
    const metadata = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toMatch(/\*\*tiny@1\*\*/);
    expect(metadata.currentDetails).toMatch(/\| ✔ \| train \| done \|/);
    const { events } = await handle.fetchHistory();
    const sizes = (events ?? []).flatMap((e) => {
      const { activityTaskCompletedEventAttributes: done, activityTaskScheduledEventAttributes: asked } = e;
      return [...(done?.result?.payloads ?? []), ...(asked?.input?.payloads ?? [])].map(
        (p) => p.data?.length ?? 0,
      );
    });
    expect(sizes.length).toBeGreaterThan(10);
    // References and a bounded number of gates, never bytes.
    expect(Math.max(...sizes)).toBeLessThan(20_480);
  });
});

describe('a build of the same', () => {
  test(
    'takes every result that did not change, says why, and registers nothing new',
    async () => {
      const again = await build();
      expect(cached(again)).toEqual(['environment', 'checks', 'train', 'model-gates', 'evaluate', 'explain']);
      expect(again.steps.find((s) => s.name === 'train')?.why).toMatch(
        new RegExp(
          `^same source bundle, environment, data, parameters and seed: done by ${first.workflowId} on \\d{4}-`,
        ),
      );
      expect(again.model).toEqual(first.model);
      expect(again.gates).toHaveLength(first.gates.length);
      expect(again.comparison).toMatchObject({ verdict: 'NON_INFERIOR', difference: 0, interval: [0, 0] });
    },
    PATIENCE,
  );

  test(
    'done all anew gives the same digest',
    async () => {
      const anew = await build({ noCache: ['*'] });
      expect(cached(anew)).toEqual(['environment']);
      expect(anew.model).toEqual(first.model);
    },
    PATIENCE,
  );

  test(
    'from a step on does that step and what follows anew',
    async () => {
      expect(cached(await build({ from: 'model-gates' }))).toEqual(['environment', 'checks', 'train']);
      expect(cached(await build({ noCache: ['train'] }))).not.toContain('train');
    },
    PATIENCE,
  );

  test(
    'whose artefact is gone does the step again',
    async () => {
      const { artefacts } = system.context;
      const hex = first.model.digest.slice(7);
      const files = globSync(`${system.config.artefacts.dir}/**/*${hex.slice(4)}*`);
      expect(files.length).toBeGreaterThan(0);
      files.forEach((f) => rmSync(f, { force: true }));
      const again = await build();
      expect(cached(again)).not.toContain('train');
      expect(again.model.digest).toBe(first.model.digest);
      expect(await artefacts.has(first.model.digest)).toBe(true);
    },
    PATIENCE,
  );

  test(
    'of a published pipeline needs no git, and gives the same',
    async () => {
      const again = await system.run({ pipeline: 'tiny@1', data: tiny.data });
      expect(again.model.digest).toBe(first.model.digest);
      expect(again.steps.map((s) => s.name)).not.toContain('checkout');
      expect(again.pipeline).toEqual(first.pipeline);
    },
    PATIENCE,
  );

  test(
    'without data takes what this pipeline used last',
    async () => {
      const again = await system.run({ project: tiny.project });
      expect(again.data).toEqual(first.data);
    },
    PATIENCE,
  );
});

describe('a later version', () => {
  test(
    'that is as good becomes challenger; the champion stays',
    async () => {
      const second = await build({ params: { gain: 3 } });
      expect(second.model).toMatchObject({ version: '2', aliases: ['challenger'] });
      expect(['NON_INFERIOR', 'SUPERIOR']).toContain(second.comparison.verdict);
      expect(second.comparison).toMatchObject({
        champion: { version: '1' },
        rows: 1280,
        groups: 8,
        replicates: 2000,
      });
      expect(await system.context.registry.model('tiny', 'champion')).toMatchObject({ version: '1' });
    },
    PATIENCE,
  );

  test(
    'that is worse is registered as rejected, without an alias or a deployment',
    async () => {
      const worse = await build({ params: { shift: 1.5 }, deploy: { policy: 'auto' } });
      expect(['INFERIOR', 'INCONCLUSIVE']).toContain(worse.comparison.verdict);
      expect(worse.comparison.difference).toBeLessThan(0);
      expect(worse.model.aliases).toEqual([]);
      expect(worse.deployment).toBeUndefined();
      expect(await system.context.registry.model('tiny', worse.model.version)).toMatchObject({
        state: 'rejected',
      });
    },
    PATIENCE,
  );

  test(
    'on new data is compared on the groups of today, fairly',
    async () => {
      const more = join(system.folder, 'more');
      writeTinyData(more, { groups: 12, seed: 5 });
      const result = await build({ data: more });
      expect(result.comparison).toMatchObject({ groups: 12, champion: { version: '1' } });
      expect(result.comparison.verdict).toBe('NON_INFERIOR');
    },
    PATIENCE,
  );

  test(
    'is handed to the deployment when the policy says so, which outlives the build',
    async () => {
      const { deployment, runId } = await build({ deploy: { policy: 'approval' }, actor: 'grace' });
      expect(deployment).toMatchObject({
        policy: 'approval',
        workflowId: `deploy-tiny-1-${runId.slice(0, 8)}`,
      });
      const handle = system.context.temporal.workflow.getHandle(deployment?.workflowId ?? '');
      const { status, type } = await handle.describe();
      expect({ status: status.name, type }).toEqual({ status: 'RUNNING', type: 'packageAndDeploy' });
      const { events } = await handle.fetchHistory();
      const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
      const input = JSON.parse(Buffer.from(payload ?? '').toString()) as Record<string, unknown>;
      expect(input).toMatchObject({ model: 'tiny@1', actor: 'grace', rollout: { approvals: ['canary'] } });
      await handle.terminate();
    },
    PATIENCE,
  );

  test(
    'waits for the approvals that its project wants: challenger only, and nothing is deployed',
    async () => {
      const file = join(tiny.project, 'windlass.yaml');
      gitIn(tiny.repository, 'checkout', '--quiet', '-b', 'governed');
      const spec = readFileSync(file, 'utf8').replace('name: tiny', 'name: governed');
      writeFileSync(file, `${spec}\nregistry: { approvals: 1 }\n`);
      tiny.commit('Want an approval');
      const result = await build({ deploy: { policy: 'auto' }, actor: 'ada' });
      gitIn(tiny.repository, 'checkout', '--quiet', 'main');
      expect(result.comparison.verdict).toBe('NO_BASELINE');
      expect(result.model).toMatchObject({ name: 'governed', version: '1', aliases: ['challenger'] });
      expect(result).not.toHaveProperty('deployment');
      const champion = { name: 'governed', alias: 'champion', version: '1' };
      await expect(
        system.context.registry.setAlias(champion, { actor: 'ada', reason: '' }),
      ).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' });
    },
    PATIENCE,
  );
});

describe('fails with a clear error and registers nothing', () => {
  let versions = 0;
  const count = async (): Promise<number> => (await system.context.registry.models({ name: 'tiny' })).length;
  beforeAll(async () => {
    versions = await count();
  });
  afterEach(async () => {
    expect(await count()).toBe(versions);
    gitIn(tiny.repository, 'checkout', '--quiet', '--force', 'main');
    gitIn(tiny.repository, 'clean', '--quiet', '--force', '-d');
  });

  test(
    'on an input that is wrong: at once, with every field',
    async () => {
      const { code, message } = await failure({ seed: -1, colour: 'red' });
      expect(code).toBe('INPUT_INVALID');
      expect(message).toMatch(/seed/);
      expect(message).toMatch(/colour/);
      expect(message).toMatch(/Example: \{"project"/);
    },
    PATIENCE,
  );

  test(
    'on a project that is not there',
    async () => {
      const f = await failure({ project: '/no/such/project' });
      expect(f).toMatchObject({ code: 'PROJECT_NOT_FOUND', message: 'There is no folder /no/such/project.' });
      expect(stepOf(f, 'failed')).toEqual(['checkout']);
      expect(stepOf(f, 'waiting')).toEqual(BUILD_STEPS.slice(1));
    },
    PATIENCE,
  );

  test(
    'on uncommitted changes; allowed, they are built and marked',
    async () => {
      writeFileSync(join(tiny.project, 'notes.md'), 'not committed');
      const f = await failure({});
      expect(f.code).toBe('TREE_DIRTY');
      expect(f.message).toContain('notes.md');
      const marked = await build({ allowDirty: true });
      expect(marked.source.dirty).toBe(true);
      expect(marked.pipeline.version).not.toBe(first.pipeline.version);
      versions = await count();
    },
    PATIENCE,
  );

  test(
    'on a check that fails, with its last lines',
    async () => {
      writeFileSync(join(tiny.project, 'check.py'), 'print("expected 3, got 4")\nraise SystemExit(1)\n');
      gitIn(tiny.repository, 'checkout', '--quiet', '-b', 'broken');
      tiny.commit('Break the check');
      const f = await failure({});
      expect(f.code).toBe('CHECK_FAILED');
      expect(f.message).toMatch(/1 of 1 checks failed.*\n.*expected 3, got 4/s);
      expect(f.progress.gates.map((g) => `${g.name} ${g.status}`)).toEqual(['check-unit-tests fail']);
      expect(stepOf(f, 'waiting')).toContain('publish');
    },
    PATIENCE,
  );

  test(
    'on a check that runs nothing',
    async () => {
      const report = '<testsuites><testsuite tests="0" failures="0" errors="0" skipped="0"/></testsuites>';
      writeFileSync(
        join(tiny.project, 'check.py'),
        `import os\nos.makedirs("reports", exist_ok=True)\nopen("reports/checks.xml", "w").write('${report}')\n`,
      );
      gitIn(tiny.repository, 'checkout', '--quiet', '-b', 'empty-check');
      tiny.commit('Check nothing');
      expect(await failure({})).toMatchObject({
        code: 'CHECK_FAILED',
        message: expect.stringContaining('no test ran'),
      });
    },
    PATIENCE,
  );

  test(
    'on data without a sensor column',
    async () => {
      const data = join(system.folder, 'no-column');
      writeTinyData(data, { groups: 2 });
      writeFileSync(join(data, 'pump-1.csv'), 'time;vibration;anomaly\n2026-01-01T00:00:00;5;0\n');
      const f = await failure({ data });
      expect(f.code).toBe('DATA_INVALID');
      expect(f.message).toMatch(/current/);
      expect(stepOf(f, 'failed')).toEqual(['data-gates']);
      expect(f.progress.gates.some((g) => g.status === 'fail')).toBe(true);
    },
    PATIENCE,
  );

  test(
    'on a train command that ends with 3, with its last lines and its log',
    async () => {
      const f = await failure({ params: { fault: 'exit' } });
      expect(f.code).toBe('TRAIN_FAILED');
      expect(f.message).toMatch(/exit code 3\..*the data have no sense/s);
      expect(f.details).toMatchObject({ exitCode: 3, lastLines: ['the data have no sense'] });
      const { digest } = f.details['log'] as { digest: string };
      expect((await system.context.artefacts.read(digest)).toString()).toContain('the data have no sense');
    },
    PATIENCE,
  );

  test(
    'on outputs that are not there',
    async () => {
      expect(await failure({ params: { fault: 'no-model' } })).toMatchObject({
        code: 'TRAIN_FAILED',
        message: expect.stringContaining('did not write model.onnx'),
      });
    },
    PATIENCE,
  );

  test(
    'on NaN predictions and on predictions that ONNX does not give',
    async () => {
      const nan = await failure({ params: { fault: 'nan' } });
      expect(nan.code).toBe('GATE_FAILED');
      expect(nan.message).toContain('golden-finite');
      expect(nan.progress.gates.find((g) => g.name === 'golden-finite')).toMatchObject({
        status: 'fail',
        n: 1000,
      });
      const parity = await failure({ params: { fault: 'parity' } });
      expect(parity.message).toContain('golden-parity: fail (observed 0.01');
    },
    PATIENCE,
  );

  test(
    'on a model that is not good enough; then the same build goes on from the failed step',
    async () => {
      const input = { params: { shift: 2.2 }, seed: 11 };
      const f = await failure(input);
      expect(f).toMatchObject({
        code: 'GATE_FAILED',
        message: expect.stringMatching(/better-than-always-alarm|f1/),
      });
      expect(stepOf(f, 'failed')).toEqual(['evaluate']);
      const again = await failure(input);
      expect(stepOf(again, 'cached')).toEqual(['environment', 'checks', 'train', 'model-gates']);
    },
    PATIENCE,
  );

  test(
    'when it is cancelled in the middle of training, which ends with it',
    async () => {
      const waitFolder = join(system.folder, 'wait');
      mkdirSync(waitFolder);
      const handle = await system.start({
        project: tiny.project,
        data: tiny.data,
        params: { waitFolder },
        seed: 3,
      });
      const [file] =
        (await waitFor(() => readdirSync(waitFolder).length > 0 && readdirSync(waitFolder), {
          timeoutMs: 60_000,
        })) ?? [];
      const pid = Number(file?.slice('pid-'.length));
      expect(processInfo(pid)).toBeDefined();
      await handle.cancel();
      await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
      expect(processInfo(pid)).toBeUndefined();
    },
    PATIENCE,
  );
});
