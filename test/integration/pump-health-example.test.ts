import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { parse } from 'yaml';
import { checkData } from '../../activities/data/data-sets.ts';
import { readManifest } from '../../activities/data/manifest.ts';
import { snapshotData } from '../../activities/data/snapshot.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { readGolden } from '../../src/adapters/onnx/golden-file.ts';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';
import { projectSchema } from '../../src/contracts/project/project.ts';
import type { DataFile } from '../../src/contracts/data/data-manifest.ts';
import { fitMeanStd, judgedRows } from '../../src/domain/evaluation/group-rows.ts';
import { evaluationMetrics, type ScoredGroup } from '../../src/domain/evaluation/metrics.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { noDataIndex } from '../support/no-data-index.ts';
import { writePumpFiles } from '../../stand-ins/pump/write-files.ts';
import { SHARED_ENVIRONMENTS } from '../support/environments.ts';
import { lockedEnvironment } from '../support/locked-environment.ts';
import { noPython } from '../support/missing.ts';
import { noSkab, SKAB } from '../support/real-data.ts';
import { testUnless } from '../support/unless.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROJECT = join(ROOT, 'examples/pump-health');
const spec = projectSchema.parse(parse(readFileSync(join(PROJECT, 'windlass.yaml'), 'utf8')));
const { window: WINDOW } = spec.model;
const WIDTH = spec.data.columns.length;
const runtime = createPythonRuntime({ environments: SHARED_ENVIRONMENTS });

const pythonMissing = await noPython();
const withPython = testUnless(pythonMissing);
const withRealData = testUnless(pythonMissing ?? noSkab);

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-example-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Checks the data as the platform does, lays out its snapshot and runs the train command on it. */
async function train(name: string, source: string) {
  const artefacts = createFileArtefactStore(join(dir, 'artefacts'));
  const registry = { recordData: async () => undefined, lastData: async () => undefined };
  const sources = createDataSources();
  const deps = { artefacts, registry, files: sensorFiles, sources, index: noDataIndex };
  const { ref } = await snapshotData(deps, { source, spec });
  expect(blockingGates(await checkData(deps, { ref, spec }))).toEqual([]);
  const manifest = await readManifest(artefacts, ref);

  const folder = (part: string) => join(dir, name, part);
  for (const part of ['data', 'out', 'checkpoint']) mkdirSync(folder(part), { recursive: true });
  writeFileSync(folder('data/manifest.json'), JSON.stringify(manifest));
  for (const file of manifest.files) {
    mkdirSync(dirname(folder(`data/${file.path}`)), { recursive: true });
    copyFileSync(join(source, file.path), folder(`data/${file.path}`));
  }
  writeFileSync(folder('params.json'), JSON.stringify(spec.train.params));
  const environment = await runtime.ensure(lockedEnvironment(PROJECT, spec));
  const lines: string[] = [];
  const result = await runtime.run(environment, {
    run: spec.train.run,
    cwd: PROJECT,
    variables: {
      WINDLASS_DATA: folder('data'),
      WINDLASS_OUT: folder('out'),
      WINDLASS_PARAMS: folder('params.json'),
      WINDLASS_SEED: String(spec.train.seed),
      WINDLASS_CHECKPOINT: folder('checkpoint'),
    },
    logFile: folder('train.log'),
    pidFile: folder('train.pid'),
    timeoutMs: 180_000,
    onLine: (line, stream) => stream === 'stdout' && lines.push(line),
  });
  expect(result.lastLines.join('\n')).toContain('"message": "done"');
  expect(result.exitCode).toBe(0);
  const progress = lines.map((line) => JSON.parse(line) as { progress: number });
  return { out: folder('out'), source, files: manifest.files, progress };
}

/** Scores every scorable row of one file, and gives the labels beside. */
async function score(model: string, source: string, file: DataFile): Promise<ScoredGroup> {
  const data = await sensorFiles.readGroupRows(join(source, file.path), spec.data);
  const calibration = fitMeanStd(data.values, WIDTH, spec.model.calibration.rows);
  if (!calibration || !data.labels) throw new Error(`${file.path} cannot be scored`);
  const rows = judgedRows(data, WIDTH, spec.model).scored;
  const windows = new Float32Array(rows.length * WINDOW * WIDTH);
  const mean = new Float32Array(rows.length * WIDTH);
  const std = new Float32Array(rows.length * WIDTH);
  for (const [i, row] of rows.entries()) {
    windows.set(data.values.subarray((row - WINDOW + 1) * WIDTH, (row + 1) * WIDTH), i * WINDOW * WIDTH);
    mean.set(calibration.mean, i * WIDTH);
    std.set(calibration.std, i * WIDTH);
  }
  const scores = await infer(model, { windows, mean, std, rows: rows.length });
  const labels = data.labels;
  return { group: file.group, scores, labels: rows.map((row) => labels[row] ?? 0) };
}

interface Batch {
  windows: Float32Array;
  mean: Float32Array;
  std: Float32Array;
  rows: number;
}

async function infer(model: string, { windows, mean, std, rows }: Batch): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  try {
    const out = await session.run({
      window: new ort.Tensor('float32', windows, [rows, WINDOW, WIDTH]),
      baseline_mean: new ort.Tensor('float32', mean, [rows, WIDTH]),
      baseline_std: new ort.Tensor('float32', std, [rows, WIDTH]),
    });
    return out.probability?.data as Float32Array;
  } finally {
    await session.release();
  }
}

type Trained = Awaited<ReturnType<typeof train>>;

async function heldOutMetrics({ out, source, files }: Trained) {
  const groups: ScoredGroup[] = [];
  for (const file of files)
    if (file.fold !== null) groups.push(await score(join(out, 'folds', `${file.fold}.onnx`), source, file));

  return evaluationMetrics(groups, spec.model.threshold);
}

async function metricsOn(model: string, trained: Pick<Trained, 'source' | 'files'>) {
  const groups: ScoredGroup[] = [];
  for (const file of trained.files) groups.push(await score(model, trained.source, file));
  return evaluationMetrics(groups, spec.model.threshold);
}

/**
 * The largest difference between this runtime and the training framework on the golden rows of a
 * training.
 */
async function goldenDifference({ out }: Trained): Promise<number> {
  const golden = await readGolden(join(out, 'golden.json'), modelExpectation(spec));
  expect(golden.rows).toBeGreaterThanOrEqual(1000);
  const values = (name: string): Float32Array => golden.tensors[name]!.data;
  const batch = {
    windows: values('window'),
    mean: values('baseline_mean'),
    std: values('baseline_std'),
    rows: golden.rows,
  };
  const got = await infer(join(out, 'model.onnx'), batch);
  return Math.max(...Array.from(golden.expected, (p, i) => Math.abs(p - (got[i] ?? Number.NaN))));
}

withPython(
  'a model of nominal pumps is good on held-out ones, alarms falsely when pumps run faster, and learns that by retraining',
  async () => {
    const nominal = join(dir, 'nominal');
    const mixed = join(dir, 'mixed');
    const unseen = join(dir, 'unseen');
    await writePumpFiles({ folder: nominal, pumps: 16 });
    await writePumpFiles({ folder: mixed, pumps: 16 });
    await writePumpFiles({ folder: mixed, pumps: 8, startIndex: 101, regime: 'high-flow' });
    const paths = await writePumpFiles({ folder: unseen, pumps: 8, startIndex: 201, regime: 'high-flow' });

    const old = await train('old', nominal);
    expect(old.progress.at(-1)?.progress).toBe(1);
    expect(await goldenDifference(old)).toBeLessThan(1e-5);
    const heldOut = await heldOutMetrics(old);
    expect(heldOut.f1).toBeGreaterThan(0.85);
    expect(heldOut.f1).toBeLessThan(0.98); // real pumps are not perfect either
    expect(heldOut.falseAlarmRate).toBeLessThan(0.12);
    expect(heldOut.missedAlarmRate).toBeLessThan(0.18);

    const files = paths.map((path): DataFile => {
      const name = path.split('/').at(-1) ?? '';
      return { path: name, sha256: '', rows: 1200, group: name, labelled: true, fold: null };
    });
    const before = await metricsOn(join(old.out, 'model.onnx'), { source: unseen, files });
    expect(before.falseAlarmRate).toBeGreaterThan(0.5);

    const retrained = await train('new', mixed);
    const after = await metricsOn(join(retrained.out, 'model.onnx'), { source: unseen, files });
    expect(after.falseAlarmRate).toBeLessThan(0.12);
    expect(after.f1).toBeGreaterThan(0.85);
    expect(after.f1 - before.f1).toBeGreaterThan(0.2);
  },
  600_000,
);

withRealData(
  'the real bench: F1 ≥ 0.85, false alarms ≤ 12 %, missed ≤ 18 %, and the same bytes twice',
  async () => {
    const first = await train('real', SKAB);
    expect(await goldenDifference(first)).toBeLessThan(1e-5);
    const metrics = await heldOutMetrics(first);
    expect(metrics.alwaysAlarmF1).toBeCloseTo(0.698, 3);
    expect(metrics.f1).toBeGreaterThanOrEqual(0.87);
    expect(metrics.falseAlarmRate).toBeLessThanOrEqual(0.1);
    expect(metrics.missedAlarmRate).toBeLessThanOrEqual(0.16);
    const second = await train('real-again', SKAB);
    const bytes = (run: Trained) => readFileSync(join(run.out, 'model.onnx'));
    expect(bytes(second).equals(bytes(first))).toBe(true);
  },
  600_000,
);
