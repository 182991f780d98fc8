import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { machinePlatform } from '../../src/adapters/oci/platform.ts';
import type { CalibrateResult } from '../../src/contracts/device/calibrate-device.ts';
import { calibrationDocumentSchema } from '../../src/contracts/device/calibration.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import type { ReproduceInput, ReproduceResult } from '../../src/contracts/build/reproduce.ts';
import { cardOfPage } from '../../src/domain/registry/model-card.ts';
import { describeReproduction } from '../../src/domain/registry/reproduction.ts';
import { createProfilingQueue } from '../../workers/profiling.ts';
import { createBuildSystem, type BuildSystem } from '../support/build-system.ts';
import { createTinyProject, type TinyProject } from '../support/tiny-project.ts';

const PATIENCE = 240_000;

let system: BuildSystem;
let tiny: TinyProject;
let digest = '';

beforeAll(async () => {
  system = await createBuildSystem();
  tiny = createTinyProject(system.folder);
  digest = (await system.run({ project: tiny.project, data: tiny.data, seed: 11 })).model.digest;
}, PATIENCE);
afterAll(() => system.close(), PATIENCE);

let runs = 0;
const reproduce = (input: ReproduceInput): Promise<ReproduceResult> =>
  system.context.temporal.workflow.execute(WORKFLOWS.reproduceModel, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `reproduce-${(runs += 1)}`,
    args: [input],
  });

test(
  'cheaper forms are tried: one that gains is registered in the place of the original, and made again is identical',
  async () => {
    const platform = machinePlatform();
    const yaml = join(tiny.project, 'windlass.yaml');
    const serve = `serve:\n  platforms: [${platform}, linux/arm/v7]`;
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('serve:', serve));
    tiny.commit('Serve two platforms');
    const { taskQueue = '', activities } = createProfilingQueue(system.context);
    const connection = system.environment.nativeConnection;
    const profiler = await Worker.create({ connection, taskQueue, activities });
    const result = await profiler.runUntil(
      system.run({
        project: tiny.project,
        data: tiny.data,
        seed: 11,
        params: { ballast: 4000 },
        optimise: { candidates: ['int8', 'graph'], prefer: 'size' },
      }),
    );
    const { optimisation, model, gates } = result;
    const [original, int8, graph] = optimisation?.variants ?? [];
    expect(optimisation?.variants).toHaveLength(3);
    const why = 'no worker of this platform serves the queue "profiling"';
    expect(optimisation).toMatchObject({
      kept: 'graph',
      unmeasured: [{ platform: 'linux/arm/v7', reason: why }],
    });
    const { events } = await system.context.temporal.workflow.getHandle(result.workflowId).fetchHistory();
    const queues = events?.map((e) => e.activityTaskScheduledEventAttributes?.taskQueue?.name);
    expect(queues).toContain(`profiling-${platform.replaceAll('/', '-')}`);
    expect(original).toMatchObject({ variant: 'original', status: 'passed', f1: result.metrics.f1 });
    expect(int8).toMatchObject({ status: 'failed', digest: null, profiles: [] });
    expect(int8?.reason).toContain("the project's environment lacks onnx: add onnx and onnxruntime");
    expect(graph).toMatchObject({ status: 'kept', digest: model.digest, difference: 0, interval: [0, 0] });
    expect(graph?.bytes).toBeLessThan((original?.bytes ?? 0) - 15_000);
    for (const form of [original, graph]) {
      expect(form?.profiles).toHaveLength(1);
      const [profile] = form?.profiles ?? [];
      expect(profile?.machine).toMatchObject({
        platform,
        runtime: expect.stringMatching(/^onnxruntime-node /),
      });
      expect(profile?.latency.p50).toBeGreaterThan(0);
      expect(profile?.latency.p99).toBeGreaterThanOrEqual(profile?.latency.p50 ?? Infinity);
      expect(profile?.rowsPerSecond).toBeGreaterThan(100);
    }
    const names = gates.map((g) => g.name);
    expect(new Set(names).size).toBe(names.length);
    expect(gates.find((g) => g.name === 'onnx-size')?.observed).toBeLessThan(0.01);

    const registered = await system.context.registry.model('tiny', model.version);
    expect(registered?.optimisation).toMatchObject({ kept: 'graph', from: original?.digest });
    expect(registered?.optimisation?.parityTolerance).toBeUndefined();
    const page = (await system.context.artefacts.read(registered?.card?.digest ?? '')).toString();
    expect(cardOfPage(page)).toMatchObject({ optimisation, profiles: graph?.profiles });
    expect(page).toContain('cheaper forms: graph is kept');

    const again = await reproduce({ model: `tiny@${model.version}` });
    expect(again).toMatchObject({ identical: true, differences: [], unchecked: [] });
    expect(again.steps.map((s) => s.name)).toContain('optimise');
  },
  PATIENCE,
);

test(
  'a version made again is identical, whatever lies in the work tree, and nothing is registered',
  async () => {
    appendFileSync(join(tiny.project, 'train.py'), '\nraise SystemExit("not committed")\n');
    const result = await reproduce({ model: 'tiny@champion' });
    expect(result).toMatchObject({ identical: true, differences: [], unchecked: [], notes: [] });
    expect(result.model).toEqual({ reference: 'tiny@1', recorded: digest, rebuilt: digest });
    // Trained and evaluated anew: nothing of it comes from the cache.
    expect(result.steps.filter((s) => s.cached)).toEqual([]);
    expect(await system.context.registry.models({ name: 'tiny' })).toHaveLength(2);
  },
  PATIENCE,
);

test(
  'a device is calibrated for a version on the first rows of its file; what is fitted is kept with both, and audited',
  async () => {
    const { registry, artefacts, temporal } = system.context;
    const calibrate = (data: string): Promise<CalibrateResult> =>
      temporal.workflow.execute(WORKFLOWS.calibrateDevice, {
        taskQueue: TASK_QUEUES.control,
        workflowId: `calibrate-${(runs += 1)}`,
        args: [{ model: 'tiny@champion', device: 'pump-1', data, deliver: false, actor: 'ada' }],
      });
    const file = join(tiny.data, 'pump-1.csv');
    const { calibration, delivered, why } = await calibrate(file);
    expect({ delivered, why }).toEqual({ delivered: false, why: 'not asked for' });
    const document = calibrationDocumentSchema.parse(
      JSON.parse((await artefacts.read(calibration.document.digest)).toString('utf8')),
    );
    expect(document).toMatchObject({ id: calibration.id, model: digest, rows: 40 });
    const lines = readFileSync(file, 'utf8').trim().split('\n').slice(1, 41);
    const mean = [1, 2].map(
      (column) => lines.reduce((sum, line) => sum + Number(line.split(';')[column]), 0) / lines.length,
    );
    expect(document.tensors.map((t) => t.name)).toEqual(['mean', 'std']);
    document.tensors[0]?.values.forEach((value, c) => expect(value).toBeCloseTo(mean[c] ?? 0, 4));
    expect(await registry.calibrations({ device: 'pump-1' })).toMatchObject([
      { ...calibration, model: { name: 'tiny', version: '1' }, fittedBy: 'ada' },
    ]);
    const short = join(system.folder, 'short.csv');
    writeFileSync(
      short,
      `${lines.slice(0, 20).join('\n')}\n`.replace(/^/, 'time;vibration;current;anomaly\n'),
    );
    const refused: unknown = await calibrate(short).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowFailedError);
    expect((refused as WorkflowFailedError).cause?.message).toMatch(
      /has 20 rows; tiny is calibrated on the first 40/,
    );
    const folder: unknown = await calibrate(tiny.data).catch((error: unknown) => error);
    expect((folder as WorkflowFailedError).cause).toMatchObject({ type: 'DATA_NOT_FOUND' });
  },
  PATIENCE,
);

test(
  'a data file that was changed and one that is gone are named first; what was kept still gives the same model',
  async () => {
    appendFileSync(join(tiny.data, 'pump-3.csv'), '2027-01-01T00:00:00;5;20;0\n');
    renameSync(join(tiny.data, 'pump-5.csv'), join(tiny.data, 'pump-9.csv'));
    const { identical, differences, notes, model } = await reproduce({ model: 'tiny@1' });
    expect(identical).toBe(false);
    expect(differences.map((d) => d.what)).toEqual(['data file pump-3.csv', 'data file pump-5.csv']);
    expect(differences[1]?.found).toBeNull();
    expect(notes.join()).toContain('pump-9.csv');
    expect(model.rebuilt).toBe(digest);
  },
  PATIENCE,
);

test(
  'training that is not deterministic is seen in the digests, before the metrics',
  async () => {
    const name = 'tiny';
    const { context } = system;
    const recorded = await context.registry.model(name, '1');
    if (recorded === undefined) throw new Error('there is no version');
    // A version that says it came of seed 12, but did not.
    const { version: _v, state: _s, aliases: _a, createdAt: _c, createdBy: _b, ...registration } = recorded;
    const other = await context.artefacts.put('another model', 'application/vnd.onnx.model');
    const lie = {
      ...registration,
      digest: other.digest,
      onnx: other,
      // as Windlass 0.1.0 measured it
      metrics: { ...registration.metrics, f1: 0.1, brier: undefined },
    };
    const { version } = await context.registry.registerModel(lie, { actor: 'eve', reason: '' });
    const { differences, unchecked } = await reproduce({
      model: `${name}@${version}`,
      data: join(tiny.data, 'nowhere'),
    });
    expect(differences.map((d) => d.what)).toEqual(['digest model.onnx', 'metric f1']);
    expect(differences[0]).toMatchObject({ recorded: other.digest, found: digest });
    expect(unchecked).toEqual([
      { what: 'data files', why: expect.stringContaining('nowhere') as unknown },
      { what: 'metric brier', why: 'it was not recorded when the version was made' },
    ]);
  },
  PATIENCE,
);

test('"identical" is said of what was compared only', () => {
  const unchecked = [
    { what: 'source bundle', why: 'it is gone' },
    { what: 'metric brier', why: 'not recorded' },
  ];
  const differences = [{ what: 'digest model.onnx', recorded: 'a', found: 'b' }];
  expect(describeReproduction({ differences: [], unchecked: [] })).toBe('is identical');
  expect(describeReproduction({ differences: [], unchecked })).toBe(
    'is identical in all that could be compared (not compared: source bundle, metric brier)',
  );
  expect(describeReproduction({ differences, unchecked })).toBe(
    'is NOT identical; it differs first in digest model.onnx',
  );
});

test('a version that is not there fails at once and says what there is', async () => {
  const error: unknown = await reproduce({ model: 'tiny@77' }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect((error as WorkflowFailedError).cause).toMatchObject({
    type: 'NOT_FOUND',
    message: expect.stringMatching(/no model version tiny@77; the newest are/) as unknown,
  });
});
