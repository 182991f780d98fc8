import { createHash } from 'node:crypto';
import { projectSchema } from '../../src/contracts/project/project.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { ComparisonVerdict } from '../../src/contracts/build/comparison.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { EvaluationMetrics } from '../../src/contracts/build/evaluation.ts';
import type { SourceRef } from '../../src/contracts/build/source.ts';
import type { PackagedImage } from '../../src/contracts/packaging/image.ts';
import type { ModelRegistration } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { Registry } from '../../src/ports/registry/registry.ts';

/** A digest that is the same for the same words. */
export function digestOf(words: string): string {
  return `sha256:${createHash('sha256').update(words).digest('hex')}`;
}

export function artefact(words: string, mediaType = 'application/octet-stream'): ArtefactRef {
  return { digest: digestOf(words), size: words.length, mediaType };
}

export const SENSORS = [
  { name: 'Accelerometer1RMS', unit: 'g', min: 0, max: 5 },
  { name: 'Accelerometer2RMS', unit: 'g', min: 0, max: 5 },
  { name: 'Current', unit: 'A', min: 0, max: 20 },
  { name: 'Pressure', unit: 'bar', min: -2, max: 16 },
  { name: 'Temperature', unit: '°C', min: -20, max: 150 },
  { name: 'Thermocouple', unit: '°C', min: -20, max: 120 },
  { name: 'Voltage', unit: 'V', min: 0, max: 400 },
  { name: 'Volume Flow RateRMS', unit: 'l/min', min: 0, max: 300 },
] as const;

/** A complete project spec with the eight sensors of the pump bench. */
export function projectSpec(overrides: Record<string, unknown> = {}): ProjectSpec {
  return projectSchema.parse({
    name: 'pump-health',
    environment: { lock: 'requirements.lock' },
    checks: [{ name: 'tests', run: 'pytest' }],
    data: { timestamp: 'datetime', label: 'anomaly', columns: SENSORS },
    model: {
      window: 60,
      input: 'window',
      calibration: { fit: 'mean-std', rows: 400, mean: 'baseline_mean', std: 'baseline_std' },
      output: 'probability',
    },
    train: { run: 'python train.py' },
    serve: { entry: 'serve/entry.js' },
    ...overrides,
  });
}

export function sourceRef(commit = 'c0ffee'): SourceRef {
  return {
    repository: '/projects/pumps',
    subfolder: 'pump-health',
    commit,
    ref: 'main',
    dirty: false,
    bundle: artefact(`bundle ${commit}`, 'application/x-tar'),
  };
}

export function pipelineVersion(words = 'first'): Omit<PipelineVersion, 'version' | 'createdAt'> {
  return {
    name: 'pump-health',
    digest: digestOf(`pipeline ${words}`),
    source: sourceRef(`commit-${words}`),
    environment: digestOf('environment'),
    spec: projectSpec(),
    checks: [{ name: 'tests', status: 'pass', observed: 3, threshold: 3, n: 3, reason: '3 passed' }],
  };
}

export function dataRef(words = 'data'): DataRef {
  return {
    digest: digestOf(words),
    source: 'data/pumps',
    files: 2,
    rows: 2_000,
    manifest: artefact(`manifest ${words}`, 'application/json'),
  };
}

export const METRICS: EvaluationMetrics = {
  f1: 0.9,
  falseAlarmRate: 0.05,
  missedAlarmRate: 0.1,
  auc: 0.95,
  alwaysAlarmF1: 0.7,
  confusion: { tp: 90, tn: 95, fp: 5, fn: 10 },
  rows: 200,
  groups: 4,
};

export function registration(words = 'one', pipelineNumber = '1'): ModelRegistration {
  const onnx = artefact(`onnx ${words}`);
  return {
    name: 'pump-health',
    digest: onnx.digest,
    onnx,
    golden: artefact('golden', 'application/json'),
    baseline: artefact('baseline', 'application/json'),
    folds: { 0: artefact('fold 0') },
    card: null,
    log: null,
    pipeline: { name: 'pump-health', version: pipelineNumber },
    data: dataRef(),
    params: { depth: 3 },
    seed: 7,
    metrics: METRICS,
    gates: [{ name: 'loads', status: 'pass', observed: true, threshold: true, n: 1, reason: '' }],
    comparison: {
      verdict: 'NO_BASELINE',
      metric: 'f1',
      champion: null,
      challenger: { value: 0.9 },
      difference: null,
      interval: null,
      margin: 0.03,
      rows: 200,
      groups: 4,
      replicates: 0,
      reason: 'first version',
    },
    run: { workflowId: `build-${words}`, runId: `run-${words}` },
  };
}

/** The comparison of a version with another, which it is as good as unless said otherwise. */
export function comparedWith(
  version: string,
  verdict: ComparisonVerdict = 'NON_INFERIOR',
): ModelRegistration['comparison'] {
  const champion = { version, value: 0.9 };
  return { ...registration().comparison, champion, verdict, reason: `${verdict} to ${version}` };
}

/**
 * The comparison of the next version: the first has none, each later one is as good as the first.
 */
export async function nextComparison(
  registry: Pick<Registry, 'search'>,
  name: string,
): Promise<ModelRegistration['comparison']> {
  const known = await registry.search({ name, limit: 1 });
  return known.length === 0 ? registration().comparison : comparedWith('1');
}

export function packagedImage(words = 'image'): PackagedImage {
  return {
    digest: digestOf(words),
    repository: 'localhost/windlass/pump-health',
    reference: `localhost/windlass/pump-health@${digestOf(words)}`,
    platforms: [],
    mode: 'process',
  };
}
