import type { CalibrationTensor } from '../contracts/device/calibration.ts';
import type { GateResult } from '../contracts/gate.ts';
import type { ModelProfile } from '../contracts/build/optimisation.ts';
import type { ModelStructure } from '../contracts/model/model-structure.ts';
import type { ModelBehaviour } from '../contracts/model/model-behaviour.ts';
import type { ModelExpectation } from '../contracts/model/model-expectation.ts';

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
   * Takes a copy of a file that comes from outside; a gate, because a link and a file with a second
   * name are refused. Throws NOT_FOUND or INPUT_INVALID.
   */
  receive(file: string, copy: string): Promise<GateResult>;
  /**
   * Per file what it says of itself, why it is no ONNX model, or its size when it is not even read.
   * Throws MODEL_INVALID when reading them took too long.
   */
  inspect(
    modelFiles: readonly string[],
    hooks: RuntimeHooks & { readonly maxBytes: number },
  ): Promise<ReadonlyArray<ModelStructure | { readonly refused: string } | { readonly tooLarge: number }>>;
  /**
   * Without a golden file on rows drawn from the columns' ranges. Throws MODEL_INVALID when the
   * runtime cannot open the file, when opening or running it takes too long or too much memory, or
   * when the golden file does not fit it.
   */
  exercise(request: ModelRequest, hooks?: RuntimeHooks): Promise<ModelBehaviour>;
  /** Only what running it costs here; throws as `exercise` does. */
  profile(request: ModelRequest, hooks?: RuntimeHooks): Promise<ModelProfile>;
  /**
   * Writes `to`: the model after the runtime's own optimisations that keep to standard operators.
   * Throws MODEL_INVALID.
   */
  optimise(model: { readonly from: string; readonly to: string }, hooks?: RuntimeHooks): Promise<void>;
  /**
   * Writes `to`: the golden rows with the model's own predictions, each row scored alone. Throws
   * MODEL_INVALID.
   */
  predictGolden(
    request: Required<ModelRequest> & { readonly to: string },
    hooks?: RuntimeHooks,
  ): Promise<void>;
  /** Probability per asked row of each job, in the order of the jobs. */
  score(jobs: readonly ScoreJob[], hooks?: RuntimeHooks): Promise<Float32Array[]>;
}
