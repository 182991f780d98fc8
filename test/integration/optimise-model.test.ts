import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { MockActivityEnvironment } from '@temporalio/testing';
import { makeCandidate } from '../../activities/optimisation/make-candidate.ts';
import { createProfileActivities } from '../../activities/optimisation/profile-activities.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { thisMachine } from '../../src/adapters/onnx/measure.ts';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import { readStructure } from '../../src/adapters/onnx/read-structure.ts';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import { scoresRowsAlone } from '../../src/contracts/model/model-file.ts';
import type { Optimisation } from '../../src/contracts/build/optimisation.ts';
import { projectSchema } from '../../src/contracts/project/project.ts';
import type { GoldenFile } from '../../src/contracts/model/golden-file.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { SHARED_ENVIRONMENTS } from '../support/environments.ts';
import type { StepStore, StoredStep } from '../../src/ports/step-store.ts';
import { lockedEnvironment } from '../support/locked-environment.ts';
import { bytes, constant, encodeModel, message, node } from '../support/onnx-encode.ts';
import { tempFolder } from '../support/temp-folder.ts';
import {
  seededRandom,
  TINY_SIGNATURE,
  TINY_WINDOW,
  tinyGolden,
  tinyModelBytes,
} from '../support/tiny-model.ts';
import { noPython } from '../support/missing.ts';
import { testUnless } from '../support/unless.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROJECT = join(ROOT, 'examples/pump-health');
const spec = projectSchema.parse(parse(readFileSync(join(PROJECT, 'windlass.yaml'), 'utf8')));
const WIDTH = spec.data.columns.length;
const runtime = createPythonRuntime({ environments: SHARED_ENVIRONMENTS });
const models = createOnnxModelRuntime();
const withPython = testUnless(await noPython());
const PATIENCE = 600_000;

const folder = tempFolder('optimise');
afterAll(() => folder.remove());
const artefacts = createFileArtefactStore(join(folder.path, 'artefacts'));
const at = (name: string): string => join(folder.path, name);

/** Two layers over the whole standardised window: weights that quantisation reaches. */
function perceptron(): Buffer {
  const [inputs, hidden] = [TINY_WINDOW * WIDTH, 32];
  const random = seededRandom(3);
  const weights = (rows: number, columns: number): number[] =>
    Array.from({ length: rows * columns }, () => (random() - 0.5) / Math.sqrt(rows / 12));
  return encodeModel({
    opset: 17,
    ...TINY_SIGNATURE,
    constants: [
      constant('w1', [inputs, hidden], weights(inputs, hidden)),
      constant(
        'w2',
        [hidden, 1],
        weights(hidden, 1).map((w) => 4 * w),
      ),
    ],
    nodes: [
      node('Flatten', ['baseline_mean'], 'm2', { axis: 1 }),
      node('ReduceMean', ['window'], 'level', { axes: [1], keepdims: 0 }),
      node('Sub', ['level', 'm2'], 'offset'),
      node('Div', ['offset', 'baseline_std'], 'z'),
      node('Flatten', ['z'], 'z2', { axis: 1 }),
      node('Concat', new Array<string>(TINY_WINDOW).fill('z2'), 'flat', { axis: 1 }),
      node('MatMul', ['flat', 'w1'], 'a'),
      node('Relu', ['a'], 'b'),
      node('MatMul', ['b', 'w2'], 'c'),
      node('Sigmoid', ['c'], 'd'),
      node('ReduceMean', ['d'], 'probability', { axes: [1], keepdims: 0 }),
    ],
    modelParts: [message(14, [bytes(1, 'windlass.columns'), bytes(2, '["a","b"]')])],
  });
}

async function candidate(kind: Optimisation, model: Buffer, lock?: string): Promise<Buffer> {
  const onnx = await artefacts.put(model, 'application/vnd.onnx.model');
  const request =
    lock === undefined ? lockedEnvironment(PROJECT, spec) : { kind: 'pip' as const, lock: Buffer.from(lock) };
  const environment = await runtime.ensure(request);
  const inFolder = at(`work-${kind}/in`);
  // In a container what is given is read-only.
  const untouched: typeof runtime.run = async (...run) => {
    const before = statSync(inFolder).mtimeMs;
    return runtime.run(...run).finally(() => expect(statSync(inFolder).mtimeMs).toBe(before));
  };
  const bundle = onnx; // The code of the project plays no part.
  const deps = {
    runtime: { ...runtime, run: untouched },
    artefacts,
    models,
    files: sensorFiles,
    work: folder.path,
    steps: { find: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    source: { readBundle: () => Promise.reject(new Error('not asked for')) } as never,
  };
  const made = await makeCandidate(
    deps,
    { kind, onnx, folds: { 0: onnx }, spec, bundle, environment },
    { folder: at(`work-${kind}`), signal: new AbortController().signal, report: () => undefined },
  );
  expect(made.folds['0']?.digest).toBe(made.onnx.digest);
  return artefacts.read(made.onnx.digest);
}

const operators = (model: Buffer): string[] => readStructure(model).operators.map((o) => o.name);

withPython(
  'int8 and float16 are smaller, keep what the file says of itself, are the same each time, and answer nearly the same',
  async () => {
    const model = perceptron();
    const forms = { int8: await candidate('int8', model), float16: await candidate('float16', model) };
    expect(operators(forms.int8)).toEqual(expect.arrayContaining(['DynamicQuantizeLinear', 'MatMulInteger']));
    expect(forms.int8.length).toBeLessThan(model.length / 3);
    expect(forms.float16.length).toBeLessThan(model.length / 1.7);
    expect([forms.int8, forms.float16, model].map(scoresRowsAlone)).toEqual([true, false, false]);
    expect((await candidate('int8', model)).equals(forms.int8)).toBe(true);

    const expect_ = modelExpectation(spec);
    writeFileSync(at('golden.json'), JSON.stringify(tinyGolden({ goldenRows: 300 })));
    writeFileSync(at('model.onnx'), model);
    const given = { modelFile: at('model.onnx'), goldenFile: at('golden.json'), expect: expect_ };
    await models.predictGolden({ ...given, to: at('own.json') });
    const own = JSON.parse(readFileSync(at('own.json'), 'utf8')) as GoldenFile;
    const [low, high] = [
      Math.min(...own.outputs.probability!.data),
      Math.max(...own.outputs.probability!.data),
    ];
    expect(high - low).toBeGreaterThan(0.1);
    for (const [kind, form] of Object.entries(forms)) {
      const structure = readStructure(form);
      const { metadata, producer, inputs, outputs } = readStructure(model);
      expect(structure).toMatchObject({ metadata, producer, inputs, outputs });
      const modelFile = at(`${kind}.onnx`);
      writeFileSync(modelFile, form);
      const behaviour = await models.exercise({ modelFile, goldenFile: at('own.json'), expect: expect_ });
      expect(behaviour.golden?.maxAbsDiff).toBeGreaterThan(0);
      expect(behaviour.golden?.maxAbsDiff).toBeLessThan((high - low) / 2);
      // int8 would not be, were its rows not scored alone
      expect(behaviour.batch.maxAbsDiff).toBeLessThan(1e-3);
    }
  },
  PATIENCE,
);

withPython(
  'what cannot be made says why: nothing to quantise, and an environment without onnx',
  async () => {
    await expect(candidate('int8', tinyModelBytes())).rejects.toMatchObject({
      code: 'OPTIMISATION_FAILED',
      message: expect.stringMatching(
        /^int8 could not be made: \d\.onnx has no weights that dynamic quantisation reaches/,
      ) as string,
    });
    await expect(candidate('float16', perceptron(), '# nothing\n')).rejects.toMatchObject({
      code: 'OPTIMISATION_FAILED',
      message: expect.stringContaining('environment lacks onnx: add onnx and onnxruntime') as string,
    });
  },
  PATIENCE,
);

test('a form that does not run on a platform is refused there, and the others are measured once', async () => {
  const put = (bytes: Buffer): Promise<ArtefactRef> => artefacts.put(bytes, 'application/vnd.onnx.model');
  const golden = await artefacts.put(JSON.stringify(tinyGolden({ goldenRows: 20 })), 'application/json');
  const kept = new Map<string, StoredStep>();
  const steps: StepStore = {
    find: (_step, key) => Promise.resolve(kept.get(key)),
    save: (_step, key, result, by) => {
      kept.set(key, { result, createdAt: '2026-11-28T00:00:00Z', ...by });
      return Promise.resolve();
    },
  };
  const machine = thisMachine();
  const { profileModels } = createProfileActivities({ artefacts, models, steps, machine });
  const forms = [
    { variant: 'original', onnx: await put(tinyModelBytes()) },
    { variant: 'int8', onnx: await put(Buffer.from('no model')) },
  ] as const;
  const measure = (runId: string): ReturnType<typeof profileModels> =>
    new MockActivityEnvironment({ workflowExecution: { workflowId: 'build', runId } }).run(profileModels, {
      models: forms,
      golden,
      spec,
      reuse: true,
    }) as ReturnType<typeof profileModels>;
  const { value } = await measure('first');
  expect(value).toEqual([
    { variant: 'original', profile: expect.objectContaining({ latency: expect.anything() as unknown }) },
    { variant: 'int8', refused: expect.stringContaining('cannot open the model') },
  ]);
  expect(await measure('second')).toMatchObject({ value, cached: true });
}, 60_000);

test('the runtime optimises a file that is no model with an error of the model', async () => {
  mkdirSync(at('broken'), { recursive: true });
  writeFileSync(at('broken/model.onnx'), 'no model');
  const refused = models.optimise({ from: at('broken/model.onnx'), to: at('broken/out.onnx') });
  await expect(refused).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  expect(existsSync(at('broken/out.onnx'))).toBe(false);
});
