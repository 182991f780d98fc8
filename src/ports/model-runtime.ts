import type { CalibrationTensor } from '../contracts/calibration.ts';

/** One input or output of a model file. A shape's entry is a number, a symbol, or null when it is left open. */
export interface ModelValue {
  readonly name: string;
  readonly kind: 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse-tensor' | 'unknown';
  /** ONNX name, e.g. "float32"; empty when it is no tensor. */
  readonly elementType: string;
  readonly shape: ReadonlyArray<number | string | null> | null;
}

/** What a model file says of itself, read before any runtime opens it. */
export interface ModelStructure {
  readonly bytes: number;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: ReadonlyArray<{ readonly domain: string; readonly version: number }>;
  readonly nodes: number;
  /** Operators outside the standard domain, as domain.Operator. */
  readonly operators: readonly string[];
  /** Tensors whose values lie outside the file. */
  readonly externalTensors: readonly string[];
  /** Without initialisers. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
}

/** What a model did with its golden rows and with probes; differences are absolute, latencies in milliseconds. */
export interface ModelBehaviour {
  readonly golden: {
    readonly rows: number;
    readonly nonFiniteInputs: number;
    readonly nonFiniteExpected: number;
  };
  readonly outputShape: readonly number[];
  readonly nonFinite: number;
  readonly outOfRange: number;
  readonly maxAbsDiff: number;
  readonly worstRow: number;
  readonly labelFlips: number;
  /** Standard deviation of the outputs over the golden rows. */
  readonly spread: number;
  readonly batch: { readonly rows: number; readonly maxAbsDiff: number };
  /** Rows at the ends of the columns' ranges, and rows where every sensor stands still. */
  readonly probes: { readonly rows: number; readonly nonFinite: number };
  readonly latency: { readonly n: number; readonly p50: number; readonly p99: number };
}

/** What the model is asked to be: from windlass.yaml. */
export interface ModelExpectation {
  readonly window: number;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly min: number; readonly max: number }>;
  /** Input that takes the window. */
  readonly input: string;
  readonly calibration: readonly CalibrationTensor[];
  readonly output: string;
  readonly threshold: number;
}

/** Readings of one group and which of its rows to score. */
export interface ScoreJob {
  readonly modelFile: string;
  /** Row-major, rows × columns. */
  readonly values: Float32Array;
  readonly columns: number;
  readonly window: number;
  /** Values of the group's calibration, the same for each of its rows. */
  readonly calibration: ReadonlyArray<CalibrationTensor & { readonly values: Float32Array }>;
  /** Rows whose window (ending there) is scored. */
  readonly rows: readonly number[];
  readonly input: string;
  readonly output: string;
}

export interface RuntimeHooks {
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

/** Opens model files that others made, in processes of their own that can be ended. */
export interface ModelRuntime {
  /** Per file what it says of itself, or why it is no ONNX model. Throws MODEL_INVALID when reading them took too long. */
  inspect(
    modelFiles: readonly string[],
    hooks?: RuntimeHooks,
  ): Promise<ReadonlyArray<ModelStructure | { readonly refused: string }>>;
  /** Throws MODEL_INVALID when the runtime cannot open the file, or the golden file does not fit it. */
  exercise(
    request: { readonly modelFile: string; readonly goldenFile: string; readonly expect: ModelExpectation },
    hooks?: RuntimeHooks,
  ): Promise<ModelBehaviour>;
  /** Probability per asked row of each job, in the order of the jobs. */
  score(jobs: readonly ScoreJob[], hooks?: RuntimeHooks): Promise<Float32Array[]>;
}
