import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ImportInput, ImportResult } from '../../src/contracts/build/import.ts';
import type { ModelCard } from '../../src/contracts/model/model-card.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { cardOfPage } from '../../src/domain/registry/model-card.ts';
import { seededRandom } from '../../src/base/random.ts';
import { createBuildSystem, type BuildSystem } from '../support/build-system.ts';
import { constant, encodeModel, node, tensorInfo } from '../support/onnx-encode.ts';
import { createTinyProject, type TinyProject } from '../support/tiny-project.ts';

const PATIENCE = 240_000;
const [WINDOW, COLUMNS, ROWS] = [10, 2, 1000];
const [GAIN, BIAS] = [2, -4];

let system: BuildSystem;
let tiny: TinyProject;
let model = '';
let golden = '';

/**
 * What somebody else trained for the tiny project: sigmoid of the mean distance from the pump's own
 * mean.
 */
function elsewhere(): Buffer {
  return encodeModel({
    opset: 17,
    inputs: [
      tensorInfo('window', ['N', WINDOW, COLUMNS]),
      tensorInfo('mean', ['N', COLUMNS]),
      tensorInfo('std', ['N', COLUMNS]),
    ],
    outputs: [tensorInfo('probability', ['N'])],
    constants: [constant('gain', [], [GAIN]), constant('bias', [], [BIAS])],
    nodes: [
      node('ReduceMean', ['window'], 'row_mean', { axes: [1], keepdims: 0 }),
      node('Sub', ['row_mean', 'mean'], 'offset'),
      node('Div', ['offset', 'std'], 'z'),
      node('Abs', ['z'], 'distance'),
      node('ReduceMean', ['distance'], 'level', { axes: [1], keepdims: 0 }),
      node('Mul', ['level', 'gain'], 'scaled'),
      node('Add', ['scaled', 'bias'], 'logit'),
      node('Sigmoid', ['logit'], 'probability'),
    ],
  });
}

/** Golden rows whose every reading is `mean + shift`, with the prediction computed here. */
function goldenRows(): string {
  const random = seededRandom(5);
  const shifts = Array.from({ length: ROWS }, () => Math.fround(4 * random()));
  const repeat = (n: number, of: (row: number) => number): number[] =>
    shifts.flatMap((_, row) => Array.from({ length: n }, () => of(row)));
  return JSON.stringify({
    schema: 'windlass.golden/1',
    inputs: {
      window: { shape: [ROWS, WINDOW, COLUMNS], data: repeat(WINDOW * COLUMNS, (r) => shifts[r]! + 1) },
      mean: { shape: [ROWS, COLUMNS], data: repeat(COLUMNS, () => 1) },
      std: { shape: [ROWS, COLUMNS], data: repeat(COLUMNS, () => 1) },
    },
    outputs: {
      probability: { shape: [ROWS], data: shifts.map((s) => 1 / (1 + Math.exp(-(GAIN * s + BIAS)))) },
    },
  });
}

beforeAll(async () => {
  system = await createBuildSystem();
  tiny = createTinyProject(system.folder);
  model = join(system.folder, 'elsewhere.onnx');
  golden = join(system.folder, 'golden.json');
  writeFileSync(model, elsewhere());
  writeFileSync(golden, goldenRows());
}, PATIENCE);
afterAll(() => system.close(), PATIENCE);

async function cardOf(name: string, version: string): Promise<ModelCard> {
  const { registry, artefacts } = system.context;
  const digest = (await registry.record(name, version))?.card?.digest ?? '';
  const page = (await artefacts.read(digest)).toString('utf8');
  expect(page).toMatch(/imported from<\/th>[\s\S]*not known<\/th>/);
  const card = cardOfPage(page);
  if (card === undefined) throw new Error('the page holds no card');
  return card;
}

let runs = 0;
const importModel = (input: Partial<ImportInput>): Promise<ImportResult> =>
  system.context.temporal.workflow.execute(WORKFLOWS.importModel, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `import-${(runs += 1)}`,
    args: [input],
  });
const refusal = (input: Partial<ImportInput>): Promise<{ type: string; message: string }> =>
  importModel(input).then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => (error as WorkflowFailedError).cause as unknown as { type: string; message: string },
  );

test(
  'a file of which nothing else is known is registered to be looked at, and says what it lacks',
  async () => {
    const { registry } = system.context;
    const imported = await importModel({ file: model, name: 'stray', actor: 'ada', reason: 'a gift' });
    expect(imported).toMatchObject({
      model: { name: 'stray', version: '1', state: 'registered' },
      origin: 'imported',
      missing: expect.arrayContaining([
        'commit',
        'entry script',
        'golden rows',
        'monitoring baseline',
        'metrics',
      ]),
    });
    const lineage = await registry.lineage('stray', '1');
    expect(lineage).toMatchObject({
      pipeline: null,
      commit: null,
      data: [],
      origin: 'imported',
      importedFile: model,
      missing: imported.missing,
    });
    expect(lineage.audit[0]).toMatchObject({ action: 'model.imported', actor: 'ada', reason: 'a gift' });
    const card = await cardOf('stray', '1');
    expect(card.profiles?.map((p) => p.rowsPerSecond > 0)).toEqual([true]);
    expect(card.gates.filter((g) => g.name === 'golden-rows')).toMatchObject([{ observed: 'missing' }]);
    expect(card).toMatchObject({
      name: 'stray',
      imported: { file: model, missing: imported.missing },
      pipeline: null,
      source: null,
      data: null,
      model: null,
      metrics: null,
      evaluation: null,
      limits: [
        expect.stringMatching(
          /nobody here knows its commit, environment, params, .*: it cannot be made again\.$/,
        ),
        expect.stringMatching(/^It has no entry script: .*--project\.$/),
        expect.stringMatching(/^It has no golden rows: .*--golden\.$/),
        expect.stringMatching(/^It has no monitoring baseline: /),
        expect.stringMatching(/^It has no metrics: /),
      ],
    });
    const [line] = await registry.search({ name: 'stray', limit: 5 });
    expect(line).toMatchObject({ version: '1', metrics: null });

    // Whatever would use it says what is missing, and how it is given.
    const unfit = { code: 'GATE_FAILED', message: expect.stringMatching(/lacks entry script.*--project/) };
    await expect(registry.model('stray', '1')).rejects.toMatchObject(unfit);
    const by = { actor: 'ada', reason: '' };
    await expect(
      registry.setAlias({ name: 'stray', alias: 'champion', version: '1' }, by),
    ).rejects.toMatchObject({ code: 'PROMOTION_REFUSED', message: expect.stringContaining('entry-script') });

    expect((await importModel({ file: model, name: 'stray' })).model.version).toBe('1');
    expect((await importModel({ file: model, name: 'stray', golden })).model.version).toBe('2');
  },
  PATIENCE,
);

test(
  'with a project, golden rows and data it is a version like any other, except for where it comes from',
  async () => {
    const { registry } = system.context;
    const { project, data } = tiny;
    const imported = await importModel({ file: model, golden, project, data });
    expect(blockingGates(imported.gates)).toEqual([]);
    expect(imported.gates.find((g) => g.name === 'unseen-groups')?.status).toBe('warn');
    expect(imported.missing).toEqual(['commit', 'environment', 'params', 'seed', 'training data']);
    const version = await registry.model('tiny', imported.model.version);
    expect(version).toMatchObject({
      origin: 'imported',
      pipeline: { name: 'tiny', version: '1' },
      metrics: { groups: 8 },
      comparison: { verdict: 'NO_BASELINE' },
      // Whether it becomes champion is for people to say.
      aliases: [],
    });
    expect(version!.metrics.f1).toBeGreaterThan(0.8);
    const card = await cardOf('tiny', imported.model.version);
    expect(card).toMatchObject({
      imported: { file: model },
      pipeline: { name: 'tiny', version: '1' },
      source: null,
      seed: null,

      data: { files: 8 },
      metrics: version!.metrics,
      columns: [{ name: 'vibration' }, { name: 'current' }],
    });
    expect(card.evaluation?.rules.length).toBeGreaterThan(1);
    expect(card.explanation?.importance).toHaveLength(2);
    expect(card.gates.map((g) => g.name)).toContain('unseen-groups');
    expect(await registry.lineage('tiny', '1')).toMatchObject({ commit: null, pipeline: { name: 'tiny' } });
    await registry.setAlias({ name: 'tiny', alias: 'champion', version: '1' }, { actor: 'ada', reason: '' });
  },
  PATIENCE,
);

test(
  'a model that fails a gate registers nothing, and publishes no pipeline for it',
  async () => {
    const { registry } = system.context;
    const half = join(system.folder, 'half.onnx');
    writeFileSync(half, elsewhere().subarray(0, 200));
    expect(await refusal({ file: half, name: 'broken' })).toMatchObject({
      type: 'GATE_FAILED',
      message: expect.stringContaining('onnx-file: fail'),
    });
    const wrong = join(system.folder, 'wrong.json');
    writeFileSync(wrong, goldenRows().replace(/"data":\[0\.\d+/, '"data":[0.987'));
    const other = createTinyProject(join(system.folder, 'other'));
    const before = (await registry.pipelines()).length;
    expect(
      await refusal({ file: model, golden: wrong, name: 'broken', project: other.project }),
    ).toMatchObject({ type: 'GATE_FAILED', message: expect.stringContaining('golden-parity: fail') });
    expect(await registry.search({ name: 'broken', limit: 5 })).toEqual([]);
    expect(await registry.pipelines()).toHaveLength(before);
  },
  PATIENCE,
);

test('what is not there, or not enough, is said at once', async () => {
  expect(await refusal({ file: join(system.folder, 'nowhere.onnx'), name: 'x-1' })).toMatchObject({
    type: 'NOT_FOUND',
  });
  expect(await refusal({ file: model })).toMatchObject({
    type: 'INPUT_INVALID',
    message: expect.stringMatching(/name: expected a name/),
  });
  expect(await refusal({ file: model, name: 'x-1', data: tiny.data })).toMatchObject({
    type: 'INPUT_INVALID',
    message: expect.stringMatching(/project: expected a project/),
  });
});
