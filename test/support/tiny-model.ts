import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../../src/contracts/device/model-manifest.ts';
import type { GoldenFile } from '../../src/contracts/model/golden-file.ts';
import type { MonitoringBaseline } from '../../src/contracts/device/window-summary.ts';
import { constant, encodeModel, node, tensorInfo } from './onnx-encode.ts';

export const TINY_COLUMNS = [
  { name: 'Accelerometer1RMS', unit: 'g', min: 0, max: 10 },
  { name: 'Accelerometer2RMS', unit: 'g', min: 0, max: 10 },
  { name: 'Current', unit: 'A', min: -5, max: 50 },
  { name: 'Pressure', unit: 'bar', min: -5, max: 50 },
  { name: 'Temperature', unit: '°C', min: -20, max: 200 },
  { name: 'Thermocouple', unit: '°C', min: -20, max: 200 },
  { name: 'Voltage', unit: 'V', min: 0, max: 500 },
  { name: 'Volume Flow RateRMS', unit: 'L/min', min: 0, max: 500 },
] as const;
export const TINY_WINDOW = 60;
const WIDTH = TINY_COLUMNS.length;

export interface TinyModelOptions {
  /**
   * probability = sigmoid(gain · mean over columns of |mean over rows − baseline_mean| /
   * baseline_std + bias).
   */
  readonly gain?: number;
  readonly bias?: number;
  readonly name?: string;
  readonly version?: string;
  readonly calibrationRows?: number;
  /** `command`: the device cannot fit its calibration and waits for one. */
  readonly fit?: 'mean-std' | 'command';
  readonly windowsPerSummary?: number;
  readonly threshold?: number;
  readonly goldenRows?: number;
  /** Added to every expected golden value, to make a model that fails its own self-test. */
  readonly goldenError?: number;
}

export interface TinyModel {
  /** Folder with model.onnx, model.json, golden.json, baseline.json. */
  readonly folder: string;
  /** sha256:<hex> of model.onnx. */
  readonly digest: string;
  readonly manifest: ModelManifest;
}

/** Inputs and output as the pump-health example has them. */
export const TINY_SIGNATURE = {
  inputs: [
    tensorInfo('window', ['N', TINY_WINDOW, WIDTH]),
    tensorInfo('baseline_mean', ['N', WIDTH]),
    tensorInfo('baseline_std', ['N', WIDTH]),
  ],
  outputs: [tensorInfo('probability', ['N'])],
} as const;

/** The bytes of a small ONNX graph with the signature of the pump-health example (opset 17). */
export function tinyModelBytes(options: TinyModelOptions = {}): Buffer {
  const { gain = 2, bias = -4 } = options;
  return encodeModel({
    opset: 17,
    ...TINY_SIGNATURE,
    constants: [constant('gain', [], [gain]), constant('bias', [], [bias])],
    nodes: [
      node('ReduceMean', ['window'], 'row_mean', { axes: [1], keepdims: 0 }),
      node('Sub', ['row_mean', 'baseline_mean'], 'offset'),
      node('Div', ['offset', 'baseline_std'], 'z'),
      node('Abs', ['z'], 'z_abs'),
      node('ReduceMean', ['z_abs'], 'level', { axes: [1], keepdims: 0 }),
      node('Mul', ['level', 'gain'], 'scaled'),
      node('Add', ['scaled', 'bias'], 'logit'),
      node('Sigmoid', ['logit'], 'probability'),
    ],
  });
}

/** Repeatable uniform numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Golden rows with the probabilities computed here in double precision, independently of ONNX
 * Runtime.
 */
export function tinyGolden(options: TinyModelOptions = {}): GoldenFile {
  const { gain = 2, bias = -4, goldenRows = 32, goldenError = 0 } = options;
  const random = seededRandom(11);
  const window: number[] = [];
  const mean: number[] = [];
  const std: number[] = [];
  const expected: number[] = [];
  for (let n = 0; n < goldenRows; n++) {
    const sums = new Array<number>(WIDTH).fill(0);
    const m = Array.from({ length: WIDTH }, () => Math.fround(random() * 100));
    const s = Array.from({ length: WIDTH }, () => Math.fround(0.5 + random()));
    const shift = random() * 4;
    for (let row = 0; row < TINY_WINDOW; row++)
      for (let c = 0; c < WIDTH; c++) {
        const value = Math.fround((m[c] ?? 0) + (s[c] ?? 1) * (shift + random() - 0.5));
        window.push(value);
        sums[c] = (sums[c] ?? 0) + value;
      }

    const level =
      sums.reduce((acc, sum, c) => acc + Math.abs(sum / TINY_WINDOW - (m[c] ?? 0)) / (s[c] ?? 1), 0) / WIDTH;
    expected.push(1 / (1 + Math.exp(-(gain * level + bias))) + goldenError);
    mean.push(...m);
    std.push(...s);
  }
  return {
    schema: 'windlass.golden/1',
    inputs: {
      window: { shape: [goldenRows, TINY_WINDOW, WIDTH], data: window },
      baseline_mean: { shape: [goldenRows, WIDTH], data: mean },
      baseline_std: { shape: [goldenRows, WIDTH], data: std },
    },
    outputs: { probability: { shape: [goldenRows], data: expected } },
  };
}

/** A monitoring baseline of a standard normal reference (its decile edges). */
export function tinyBaseline(): MonitoringBaseline {
  const edges = [-1.2816, -0.8416, -0.5244, -0.2533, 0, 0.2533, 0.5244, 0.8416, 1.2816];
  const shares = new Array<number>(10).fill(0.1);
  const chunkPsi = [0.01, 0.02, 0.015, 0.012, 0.018, 0.02, 0.011];
  return {
    schema: 'windlass.baseline/1',
    columns: Object.fromEntries(
      TINY_COLUMNS.map((c) => [c.name, { edges, shares, mean: 0, std: 1, chunkPsi }]),
    ),
    score: { shares: [0.91, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01], chunkPsi },
    rows: 10_000,
    groups: 10,
    chunkRows: 600,
  };
}

/** Writes model.onnx, model.json, golden.json and baseline.json into a folder. */
export async function writeTinyModel(folder: string, options: TinyModelOptions = {}): Promise<TinyModel> {
  const onnx = tinyModelBytes(options);
  const digest = `sha256:${createHash('sha256').update(onnx).digest('hex')}`;
  const manifest: ModelManifest = {
    schema: 'windlass.model/1',
    name: options.name ?? 'pump-health',
    version: options.version ?? '1',
    digest,
    columns: [...TINY_COLUMNS],
    window: TINY_WINDOW,
    input: 'window',
    calibration: tinyCalibration(options),
    output: 'probability',
    threshold: options.threshold ?? 0.5,
    windowsPerSummary: options.windowsPerSummary ?? 5,
    parityTolerance: 1e-4,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), onnx);
  await writeFile(join(folder, 'model.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'golden.json'), JSON.stringify(tinyGolden(options)));
  await writeFile(join(folder, 'baseline.json'), JSON.stringify(tinyBaseline()));
  return { folder, digest, manifest };
}

function tinyCalibration({ fit = 'mean-std', calibrationRows: rows = 120 }: TinyModelOptions) {
  const names = { mean: 'baseline_mean', std: 'baseline_std' };
  if (fit === 'mean-std') return { fit, rows, overlap: true, ...names };
  return {
    fit,
    rows,
    overlap: true,
    tensors: Object.values(names).map((name) => ({ name, shape: [WIDTH] })),
  };
}

/** An entry script as a user would write it: score the window, compare with the threshold. */
export const TINY_ENTRY = `
let ctx;
export async function init(context) { ctx = context; }
export async function run(data) {
  const columns = data.calibration.baseline_mean.data.length;
  const window = { shape: [1, data.window.length / columns, columns], data: data.window };
  const out = await ctx.score({ window, ...data.calibration });
  const probability = out.probability[0];
  return { probability, alarm: probability >= ctx.model.threshold };
}
`;

/** Lays out what an image has below /windlass: root/model/* and root/entry/entry.js. */
export async function writeModelFolder(
  root: string,
  options: TinyModelOptions & { readonly entry?: string } = {},
): Promise<TinyModel> {
  const model = await writeTinyModel(join(root, 'model'), options);
  await mkdir(join(root, 'entry'), { recursive: true });
  await writeFile(join(root, 'entry', 'entry.js'), options.entry ?? TINY_ENTRY);
  await writeFile(join(root, 'entry', 'package.json'), '{"type":"module"}');
  return model;
}
