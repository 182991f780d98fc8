import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { materializeData } from '../../activities/data/data-sets.ts';
import { readManifest } from '../../activities/data/manifest.ts';
import { snapshotData } from '../../activities/data/snapshot.ts';
import { evaluate } from '../../activities/evaluation/evaluate.ts';
import { judgeModel } from '../../src/application/judge-model.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { createGitSourceControl } from '../../src/adapters/git/git-source-control.ts';
import { bundleFiles } from '../../src/adapters/git/source-bundle.ts';
import { createOnnxModelRuntime } from '../../src/adapters/onnx/onnx-model-runtime.ts';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';
import { projectSchema } from '../../src/contracts/project/project.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { modelExpectation } from '../../src/domain/model-gates/model-expectation.ts';
import { noDataIndex } from '../support/no-data-index.ts';
import type { ProjectFile } from '../../src/ports/source-control.ts';
import { PUMP_COLUMNS } from '../../stand-ins/pump/columns.ts';
import { SHARED_ENVIRONMENTS } from '../support/environments.ts';
import { lockedEnvironment } from '../support/locked-environment.ts';
import { noPython } from '../support/missing.ts';
import { noSkab, SKAB } from '../support/real-data.ts';
import { testUnless } from '../support/unless.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROJECT = join(ROOT, 'examples/pump-anomaly');
const spec = projectSchema.parse(parse(readFileSync(join(PROJECT, 'windlass.yaml'), 'utf8')));

const withRealData = testUnless((await noPython()) ?? noSkab);

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-anomaly-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function projectFiles(): ProjectFile[] {
  return readdirSync(PROJECT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.pyc$|reports/.test(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(PROJECT, path), kind: 'file' as const, content: readFileSync(path) }));
}

test('the example shares the environment of pump-health, and knows the same sensors', async () => {
  const lock = (project: string) =>
    readFileSync(join(ROOT, 'examples', project, 'requirements.lock'), 'utf8');
  expect(lock('pump-anomaly')).toBe(lock('pump-health'));
  expect(spec.data.columns).toEqual(PUMP_COLUMNS);
  const entry = (await import(join(PROJECT, 'entry.js'))) as { COLUMNS: object[] };
  expect(entry.COLUMNS).toEqual(spec.data.columns.map(({ name, min, max }) => ({ name, min, max })));
});

withRealData(
  'the real bench: calibrated by its own command and scored by onnxruntime, the counts are those of scikit-learn',
  async () => {
    const artefacts = createFileArtefactStore(join(dir, 'artefacts'));
    const deps = {
      artefacts,
      files: sensorFiles,
      sources: createDataSources(),
      index: noDataIndex,
      registry: { recordData: async () => undefined, lastData: async () => undefined },
      models: createOnnxModelRuntime(),
      runtime: createPythonRuntime({ environments: SHARED_ENVIRONMENTS }),
      source: createGitSourceControl({ mirrors: join(dir, 'git') }),
    };
    const bundle = await artefacts.put(await bundleFiles(projectFiles()), 'application/x-tar');
    const { ref: data } = await snapshotData(deps, { source: SKAB, spec });
    const { files } = await readManifest(artefacts, data);
    expect(files.filter((file) => file.fold !== null)).toHaveLength(16);

    await materializeData(deps, data, join(dir, 'data'));
    mkdirSync(join(dir, 'out'));
    writeFileSync(join(dir, 'params.json'), '{}');
    const environment = await deps.runtime.ensure(lockedEnvironment(PROJECT, spec));
    const trained = await deps.runtime.run(environment, {
      run: spec.train.run,
      cwd: PROJECT,
      variables: { WINDLASS_DATA: join(dir, 'data'), WINDLASS_OUT: join(dir, 'out'), WINDLASS_SEED: '7' },
      logFile: join(dir, 'train.log'),
      pidFile: join(dir, 'train.json'),
      timeoutMs: 180_000,
    });
    expect(trained).toMatchObject({ exitCode: 0 });
    const out = (name: string): string => join(dir, 'out', name);
    const model = { model: out('model.onnx'), golden: out('golden.json'), folds: new Map<string, string>() };
    const held = { spec, expect: modelExpectation(spec) };
    expect(blockingGates((await judgeModel(deps.models, model, held)).gates)).toEqual([]);

    const onnx = await artefacts.putFile(out('model.onnx'), 'application/octet-stream');
    const folds = Object.fromEntries([0, 1, 2, 3].map((fold) => [fold, onnx]));
    const request = { bundle, spec, data, folds, seed: 7 };
    const { metrics } = await evaluate(deps, request, { folder: join(dir, 'calibrate') });
    expect(metrics).toMatchObject({ rows: 11_760, groups: 16 });
    const { tp, tn, fp, fn } = metrics.confusion;
    const away = [tp - 4976, tn - 3492, fp - 1959, fn - 1333].map(Math.abs);
    expect(Math.max(...away)).toBeLessThanOrEqual(5);
    expect(metrics.confusion).toEqual(
      Object.fromEntries(
        Object.entries(JSON.parse(readFileSync(out('metrics.json'), 'utf8')) as object).filter(
          ([name]) => name.length === 2 && name !== 'f1',
        ),
      ),
    );
  },
  600_000,
);
