import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { calibrationTensors } from '../src/contracts/device/calibration.ts';
import { modelManifestSchema, type ModelManifest } from '../src/contracts/device/model-manifest.ts';
import type { Attestation } from '../src/contracts/device/attestation.ts';
import { scoresRowsAlone } from '../src/contracts/model/model-file.ts';
import { monitoringBaselineSchema, type MonitoringBaseline } from '../src/contracts/device/window-summary.ts';
import { selfTest } from './self-test.ts';
import { EXIT, ModuleFault } from './module-fault.ts';
import { messageOf } from '../src/base/error-message.ts';
import { rowByRow, type FloatTensor, type TensorSpec } from './tensor.ts';
import { digestOf } from '../src/base/digest.ts';

export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** A model that is loaded on the device, and what it found out about itself. */
export interface EdgeModel {
  readonly manifest: ModelManifest;
  /** sha256:<hex> of the bytes of model.onnx that were loaded. */
  readonly digest: string;
  readonly baseline: MonitoringBaseline;
  /** sha256:<hex> of baseline.json. */
  readonly baselineDigest: string;
  readonly signature: ModelSignature;
  readonly golden: Attestation['golden'];
  /**
   * Why this model must not score, or null: another digest than the manifest's, or golden rows that
   * differ.
   */
  readonly refusal: string | null;
  infer(inputs: Readonly<Record<string, FloatTensor>>): Promise<Record<string, FloatTensor>>;
  close(): Promise<void>;
}

async function readModelFile(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    throw new ModuleFault(EXIT.model, `${join(folder, name)} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function parseJson<T>(bytes: Buffer, name: string, parse: (value: unknown) => T): T {
  try {
    return parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new ModuleFault(EXIT.model, `${name} is not valid: ${messageOf(error)}`, { cause: error });
  }
}

function specs(metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] {
  return metadata.map((value) => {
    if (!value.isTensor || value.type !== 'float32')
      throw new ModuleFault(EXIT.model, `model.onnx: "${value.name}" is not a float32 tensor`);
    return { name: value.name, shape: [...value.shape] };
  });
}

async function createSession(onnx: Buffer): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(onnx, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new ModuleFault(EXIT.model, `model.onnx cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
}

async function run(
  session: InferenceSession,
  inputs: Readonly<Record<string, FloatTensor>>,
): Promise<Record<string, FloatTensor>> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, t]) => [name, new Tensor('float32', t.data, t.shape)]),
  );
  const outputs = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, t]) => [name, { shape: [...t.dims], data: t.data as Float32Array }]),
  );
}

function checkAgreement(
  manifest: ModelManifest,
  signature: ModelSignature,
  baseline: MonitoringBaseline,
): void {
  const inputs = signature.inputs.map((i) => i.name);
  const wanted = [
    manifest.input,
    ...calibrationTensors(manifest.calibration, manifest.columns.length).map((tensor) => tensor.name),
  ];
  const missing = wanted.filter((name) => !inputs.includes(name));
  if (missing.length > 0)
    throw new ModuleFault(
      EXIT.model,
      `model.onnx has no input ${missing.join(', ')}; it has ${inputs.join(', ')}`,
    );
  if (!signature.outputs.some((o) => o.name === manifest.output))
    throw new ModuleFault(EXIT.model, `model.onnx has no output ${manifest.output}`);
  const unknown = manifest.columns.filter((c) => !baseline.columns[c.name]).map((c) => c.name);
  if (unknown.length > 0)
    throw new ModuleFault(EXIT.model, `baseline.json has no column ${unknown.join(', ')}`);
}

/**
 * Loads `<root>/model/{model.onnx,model.json,golden.json,baseline.json}` and scores the golden
 * rows; one thread. Throws a ModuleFault when a file is missing or not valid; a model that loads
 * but must not score says so in `refusal`.
 */
export async function loadModel(root: string): Promise<EdgeModel> {
  const folder = join(root, 'model');
  const [onnx, manifestBytes, goldenBytes, baselineBytes] = await Promise.all([
    readModelFile(folder, 'model.onnx'),
    readModelFile(folder, 'model.json'),
    readModelFile(folder, 'golden.json'),
    readModelFile(folder, 'baseline.json'),
  ]);
  const manifest = parseJson(manifestBytes, 'model.json', (value) => modelManifestSchema.parse(value));
  const baseline = parseJson(baselineBytes, 'baseline.json', (value) =>
    monitoringBaselineSchema.parse(value),
  );
  const session = await createSession(onnx);
  try {
    const signature = { inputs: specs(session.inputMetadata), outputs: specs(session.outputMetadata) };
    checkAgreement(manifest, signature, baseline);
    const runAll = (inputs: Readonly<Record<string, FloatTensor>>) => run(session, inputs);
    const infer = scoresRowsAlone(onnx) ? rowByRow(runAll) : runAll;
    const golden = await parseJson(goldenBytes, 'golden.json', (value) => selfTest(value, manifest, infer));
    const digest = digestOf(onnx);
    return {
      manifest,
      digest,
      baseline,
      baselineDigest: digestOf(baselineBytes),
      signature,
      golden,
      refusal: refusalOf(digest, manifest, golden),
      infer,
      close: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

function refusalOf(digest: string, manifest: ModelManifest, golden: Attestation['golden']): string | null {
  if (digest !== manifest.digest)
    return `model.onnx has digest ${digest}, its manifest says ${manifest.digest}`;
  if (!golden.match)
    return `the golden rows differ by ${golden.maxAbsDiff ?? 'a value that is not finite'}, allowed ${manifest.parityTolerance}`;
  return null;
}
