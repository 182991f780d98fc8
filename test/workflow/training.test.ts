import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { BuildInput, BuildResult } from '../../src/contracts/build/build.ts';
import { TASK_QUEUES, workflowIds, WORKFLOWS } from '../../src/contracts/names.ts';
import { PROGRESS_QUERY, type PipelineProgress } from '../../src/contracts/progress.ts';
import { cardOfPage } from '../../src/domain/registry/model-card.ts';
import { dockerClient } from '../../src/adapters/docker/engine.ts';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { createBuildSystem, type BuildSystem } from '../support/build-system.ts';
import { cleanWork, runGoesOn } from '../../workers/housekeeping.ts';
import { createTinyProject, type TinyProject } from '../support/tiny-project.ts';
import { buildTrainingImage } from '../support/training-image.ts';
import { noDocker } from '../support/missing.ts';
import { testUnless } from '../support/unless.ts';

const PATIENCE = 240_000;
const docker = dockerClient();

let system: BuildSystem;
let tiny: TinyProject;
let found: BuildResult;

beforeAll(async () => {
  system = await createBuildSystem();
  tiny = createTinyProject(system.folder);
  const file = join(tiny.project, 'windlass.yaml');
  const yaml = readFileSync(file, 'utf8')
    .replace('folds: 2', 'folds: 4')
    .replace(
      'params: { gain: 2 }',
      'params: { gain: 2, shift: [1.6, 1, 2.5] }\n  search: { strategy: grid, parallel: 2 }',
    );
  writeFileSync(file, yaml);
  tiny.commit('Search the shift');
  found = await build({ params: { fault: ['none', 'exit'] } });
}, PATIENCE);
afterAll(() => system.close(), PATIENCE);

const build = (input: BuildInput = {}) => system.run({ project: tiny.project, data: tiny.data, ...input });

async function failure(input: BuildInput): Promise<ApplicationFailure> {
  const error: unknown = await build(input).catch((e: unknown) => e);
  if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) return error.cause;
  throw new Error('expected the workflow to fail', { cause: error });
}

describe('a search', () => {
  test('records every trial, those that fail too, and trains with the best', async () => {
    const { search } = found;
    expect(search?.trials.map((t) => [t.status, t.params])).toEqual(
      [1.6, 1, 2.5].flatMap((shift) => [
        ['done', { shift, fault: 'none' }],
        ['failed', { shift, fault: 'exit' }],
      ]),
    );
    expect(search?.best.params).toEqual({ shift: 1, fault: 'none' });
    expect(search?.trials[1]?.reason).toContain('the data have no sense');
    const model = await system.context.registry.model('tiny', '1');
    expect(model).toMatchObject({ params: { gain: 2, shift: 1, fault: 'none' }, search: { folds: [0, 1] } });
    const report = await system.context.artefacts.read(model?.search?.report?.digest ?? '');
    expect(JSON.parse(report.toString())).toEqual(search);
    const card = (await system.context.artefacts.read(model?.card?.digest ?? '')).toString();
    expect(cardOfPage(card)?.search).toEqual(search);
  });

  test('measures the chosen model on groups that no trial was given', () => {
    expect(found.search).toMatchObject({
      validation: { folds: [0, 1], groups: 4 },
      evaluation: { folds: [2, 3], groups: 4 },
    });
    expect(found.metrics.groups).toBe(4);
    expect(found.data.files).toBe(8);
  });

  test('can be followed: each trial is a child with its parameters, in a history that stays small', async () => {
    const handle = system.context.temporal.workflow.getHandle(found.workflowId);
    const { events } = await handle.fetchHistory();
    const children = (events ?? []).flatMap(
      (e) => e.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId ?? [],
    );
    expect(children).toHaveLength(6);
    expect(events?.length).toBeLessThan(6 * 12 + 120);
    const child = system.context.temporal.workflow.getHandle(children[2] ?? '');
    const details = await child.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(details.currentDetails).toMatch(/trial 3 of tiny, seed \d+[\s\S]*"shift":1[\s\S]*F1 \*\*/);
    const progress = await handle.query<PipelineProgress>(PROGRESS_QUERY);
    expect(progress.steps.find((s) => s.name === 'search')?.message).toMatch(
      /^6 of 6 trials, 3 failed; best F1 \d\.\d{4} by trial 3: shift 1, fault none; measured on 4 other groups$/,
    );
  });

  test(
    'does again only the trials that failed',
    async () => {
      const again = await build({ params: { fault: ['none', 'exit'] } });
      const cached = again.search?.trials.map((t) => t.cached);
      expect(cached).toEqual([true, false, true, false, true, false]);
      expect(again.search?.best).toEqual({ ...found.search?.best, cached: true });
      expect(again.model).toEqual(found.model);
    },
    PATIENCE,
  );

  test(
    'is left out when every parameter has a value; the folds of an earlier one can be spared, as reproducing does',
    async () => {
      const plain = await build({ params: { shift: 1 } });
      expect(plain.search).toBeUndefined();
      expect(plain.metrics.groups).toBe(8);
      expect(plain.comparison.reason).toContain('the champion was trained on 4 of these groups');
      const spared = await build({ params: { shift: 1, fault: 'none' }, validationFolds: [0, 1] });
      expect(spared.metrics).toEqual(found.metrics);
      expect(spared.model.digest).toBe(found.model.digest);
      const { temporal, registry } = system.context;
      const other = await build({ params: { shift: 1.6, fault: 'none' }, validationFolds: [0, 1] });
      const { search, data } = (await registry.model('tiny', other.model.version)) ?? {};
      expect(search).toEqual({ folds: [0, 1], data: expect.objectContaining({ files: 8 }) });
      expect(search?.data.digest).not.toBe(data?.digest);
      const again = await temporal.workflow.execute(WORKFLOWS.reproduceModel, {
        taskQueue: TASK_QUEUES.control,
        workflowId: 'reproduce',
        args: [{ model: `tiny@${other.model.version}` }],
      });
      expect(again).toMatchObject({ identical: true, differences: [] });
    },
    PATIENCE,
  );

  test(
    'of which every trial fails is TRAIN_FAILED with the first reason; one that cannot be planned names the field',
    async () => {
      const failed = await failure({ params: { fault: 'exit' } });
      expect(failed.type).toBe('TRAIN_FAILED');
      expect(failed.message).toMatch(/^All 3 trials failed\. The first: .*exit code 3/);
      const refused = await failure({ params: { shift: { range: [0, 1] } } });
      expect(refused.type).toBe('INPUT_INVALID');
      expect(refused.message).toMatch(/params\.shift\.steps: a grid needs to know/);
      const noFold = await failure({ validationFolds: [1, 7] });
      expect(noFold.type).toBe('INPUT_INVALID');
      expect(noFold.message).toBe(
        'validationFolds: there is no fold 7, only 0, 1, 2, 3 in tiny (evaluation.folds is 4).',
      );
    },
    PATIENCE,
  );
});

test(
  'cancelling one trial records it so, and the search goes on with the others',
  async () => {
    const waitFolder = join(system.folder, 'wait-for-one');
    mkdirSync(waitFolder);
    const handle = await system.start({ project: tiny.project, data: tiny.data, params: { waitFolder } });
    await waitFor(() => readdirSync(waitFolder).length >= 2, { timeoutMs: 60_000 });
    const { workflow } = system.context.temporal;
    const { runId } = await handle.describe();
    await workflow.getHandle(workflowIds.trial('tiny', runId, 1)).cancel();
    // its place is taken
    await waitFor(() => readdirSync(waitFolder).length >= 3, { timeoutMs: 60_000 });
    writeFileSync(join(waitFolder, 'go'), '');
    const { search } = (await handle.result()) as BuildResult;
    expect(search?.trials.map((t) => t.status)).toEqual(['cancelled', 'done', 'done']);
    expect(search?.trials[0]).toMatchObject({ metric: null, reason: 'somebody cancelled this trial' });
    expect(search?.best.trial).toBe(2);
  },
  PATIENCE,
);

test(
  'cancelling a build ends its trials and their processes within ten seconds',
  async () => {
    const waitFolder = join(system.folder, 'wait');
    mkdirSync(waitFolder);
    const pids = (): number[] =>
      readdirSync(waitFolder).flatMap((f) => (f.startsWith('pid-') ? [Number(f.slice(4))] : []));
    const handle = await system.start({ project: tiny.project, data: tiny.data, params: { waitFolder } });
    await waitFor(() => pids().length >= 2, { timeoutMs: 60_000 });
    expect(pids()).toHaveLength(2); // two at a time, as declared
    // Weeks later, a worker that starts finds the folders of these trials, and one that nobody
    // comes back to.
    const work = join(system.config.stateDir, 'work');
    const left = 'ffffffff-0000-4000-8000-000000000000';
    mkdirSync(join(work, left));
    const now = new Date(Date.now() + 30 * 86_400_000);
    const { temporal } = system.context;
    for (const run of readdirSync(work).filter((name) => name !== left))
      await waitFor(() => runGoesOn(temporal, run), { timeoutMs: 20_000 }); // lists lag
    await cleanWork(work, { now, goesOn: (runId) => runGoesOn(temporal, runId) });
    expect(readdirSync(work)).not.toContain(left);
    expect(readdirSync(work)).toHaveLength(2);
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) });
    expect(pids().filter((pid) => processInfo(pid) !== undefined)).toEqual([]);
    expect(pids()).toHaveLength(2);
    expect(readdirSync(work)).toEqual([]); // nobody comes back to them
  },
  PATIENCE,
);

test(
  'a training that needs more memory than allowed is ended, and the limit is named',
  async () => {
    const file = join(tiny.project, 'windlass.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('seed: 7', 'seed: 7\n  memoryMb: 100'));
    tiny.commit('Limit the memory');
    const ended = await failure({ params: { shift: 1, fault: 'memory' } });
    expect(ended.type).toBe('TRAIN_FAILED');
    expect(ended.message).toMatch(
      /it used \d+ MiB of memory, more than the 100 MiB allowed.* \(train\.memoryMb\)/,
    );
  },
  PATIENCE,
);

const withEngine = testUnless(await noDocker());
withEngine(
  'checks and training run in a container of the image',
  async () => {
    const tag = `windlass-training-test:w${process.pid}`;
    const image = await buildTrainingImage(docker, tag);
    try {
      // What training leaves is put into the project beforehand: the image has no Python, and needs
      // none.
      const { registry, artefacts } = system.context;
      const made = await registry.model('tiny', '1');
      if (made === undefined) throw new Error('no version to take outputs from');
      const shell = createTinyProject(join(system.folder, 'shell'));
      const place = async (name: string, digest: string): Promise<void> =>
        writeFileSync(join(shell.project, 'made', name), await artefacts.read(digest));
      mkdirSync(join(shell.project, 'made/folds'), { recursive: true });
      await place('model.onnx', made.onnx.digest);
      await place('golden.json', made.golden.digest);
      for (const [fold, ref] of Object.entries(made.folds)) await place(`folds/${fold}.onnx`, ref.digest);
      writeFileSync(join(shell.project, 'made/metrics.json'), '{}');
      const yaml = readFileSync(join(tiny.project, 'windlass.yaml'), 'utf8')
        .replace('name: tiny', 'name: tiny-shell')
        .replace('lock: requirements.lock', `image: ${image}\n  cpus: 1`)
        .replace(/run: python check.py\n.*junit: .*\n/, 'run: id -u && touch reported\n')
        .replace('run: python train.py', 'run: cp -r made/. "$WINDLASS_OUT" && id -u && ls /sys/class/net')
        .replace(/\n {2}search: .*/, '')
        .replace(/params: .*/, 'params: {}');
      writeFileSync(join(shell.project, 'windlass.yaml'), yaml);
      shell.commit('Train in a container');
      const result = await system.run({ project: shell.project, data: shell.data, validationFolds: [0, 1] });
      expect(result.model.digest).toBe(made.digest);
      const model = await registry.model('tiny-shell', '1');
      const log = (await artefacts.read(model?.log?.digest ?? '')).toString();
      expect(log.split('\n')).toEqual([expect.stringMatching(/^[1-9]\d*$/), 'lo', '']);
      const pipeline = await registry.pipeline('tiny-shell', '1');
      expect(pipeline?.environment).toBe(image);
    } finally {
      await docker.getImage(tag).remove({ force: true });
    }
  },
  PATIENCE,
);
