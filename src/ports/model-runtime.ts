import type { CalibrationTensor } from '../contracts/calibration.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { ModelProfile } from '../contracts/optimisation.ts';

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
  /** sha256:<hex> of the file. */
  readonly digest: string;
  readonly irVersion: number;
  readonly producer: string;
  /** The domain "" is given as "ai.onnx", here and below. */
  readonly opsets: ReadonlyArray<{ readonly domain: string; readonly version: number }>;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the graph, its branches and bodies, functions and training graphs. */
  readonly nodes: number;
  /** Nodes of the graph once every call of a function is replaced by the function's body. */
  readonly expandedNodes: number;
  readonly tensors: number;
  /** Every operator that is used, once. */
  readonly operators: ReadonlyArray<{ readonly domain: string; readonly name: string }>;
  /** Functions that the model brings along. */
  readonly functions: ReadonlyArray<{ readonly domain: string; readonly name: string }>;
  /** Tensors whose values lie outside the file, wherever they are; of many, the first. */
  readonly externalTensors: readonly string[];
  /** Tensors that do not carry what their dimensions say; of many, the first. */
  readonly tensorProblems: readonly string[];
  /** What keeps the graph from being run in any order; of many problems, the first. */
  readonly graphProblems: readonly string[];
  /** Without initialisers. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
}

/** Scores of rows that no working sensor sends: not finite ("invalid"), at or above the threshold, or below it. */
export interface ProbeOutcome {
  readonly rows: number;
  readonly invalid: number;
  readonly alarm: number;
  readonly healthy: number;
  /** The runtime's words, when it refused the rows. */
  readonly error?: string;
}

export type InvalidInput = 'nan' | 'infinite' | 'extreme' | 'empty';

/** What a model did with its golden rows and with probes, and what that cost; differences are absolute. */
export interface ModelBehaviour extends ModelProfile {
  /** Null when there were none: the model ran on rows that were drawn from the columns' ranges. */
  readonly golden: {
    readonly rows: number;
    readonly nonFiniteInputs: number;
    readonly nonFiniteExpected: number;
    readonly maxAbsDiff: number;
    readonly worstRow: number;
    readonly labelFlips: number;
    /** Largest distance of a flipped row's prediction from the threshold. */
    readonly farthestFlip: number;
  } | null;
  readonly rows: number;
  readonly outputShape: readonly number[];
  readonly nonFinite: number;
  readonly outOfRange: number;
  /** Standard deviation of the outputs over the rows. */
  readonly spread: number;
  /** Single-threaded runs over the same rows, the last in a session of its own; rows that differ in any bit. */
  readonly repeat: { readonly runs: number; readonly rows: number; readonly differing: number };
  readonly batch: { readonly rows: number; readonly maxAbsDiff: number };
  /** Rows at the ends of the columns' ranges, and rows where every sensor stands still. */
  readonly probes: { readonly rows: number; readonly nonFinite: number };
  readonly invalidInputs: Readonly<Record<InvalidInput, ProbeOutcome>>;
}

/** What the model is asked to be: from windlass.yaml, or from its own signature. */
export interface ModelExpectation {
  /** Rows per window; null when the input has no time axis: [N, columns]. */
  readonly window: number | null;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly min: number; readonly max: number }>;
  /** Nobody knows the columns' ranges: those of the golden rows serve. */
  readonly observedRanges?: boolean;
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

/** A model and its golden rows; without them rows are drawn from the columns' ranges. */
export interface ModelRequest {
  readonly modelFile: string;
  readonly goldenFile?: string;
  readonly expect: ModelExpectation;
}

/** Opens model files that others made, in processes of their own that can be ended. */
export interface ModelRuntime {
  /**
   * Takes a copy of a file that comes from outside; a gate, because a link and a file with a second name are refused. Throws
   * NOT_FOUND or INPUT_INVALID.
   */
  receive(file: string, copy: string): Promise<GateResult>;
  /** Per file what it says of itself, why it is no ONNX model, or its size when it is not even read. Throws MODEL_INVALID when reading them took too long. */
  inspect(
    modelFiles: readonly string[],
    hooks: RuntimeHooks & { readonly maxBytes: number },
  ): Promise<ReadonlyArray<ModelStructure | { readonly refused: string } | { readonly tooLarge: number }>>;
  /**
   * Without a golden file on rows drawn from the columns' ranges. Throws MODEL_INVALID when the runtime cannot open the file, when
   * opening or running it takes too long or too much memory, or when the golden file does not fit it.
   */
  exercise(request: ModelRequest, hooks?: RuntimeHooks): Promise<ModelBehaviour>;
  /** Only what running it costs here; throws as `exercise` does. */
  profile(request: ModelRequest, hooks?: RuntimeHooks): Promise<ModelProfile>;
  /** Writes `to`: the model after the runtime's own optimisations that keep to standard operators. Throws MODEL_INVALID. */
  optimise(model: { readonly from: string; readonly to: string }, hooks?: RuntimeHooks): Promise<void>;
  /** Writes `to`: the golden rows with the model's own predictions, each row scored alone. Throws MODEL_INVALID. */
  predictGolden(
    request: Required<ModelRequest> & { readonly to: string },
    hooks?: RuntimeHooks,
  ): Promise<void>;
  /** Probability per asked row of each job, in the order of the jobs. */
  score(jobs: readonly ScoreJob[], hooks?: RuntimeHooks): Promise<Float32Array[]>;
}
