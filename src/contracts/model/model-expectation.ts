import type { CalibrationTensor } from '../device/calibration.ts';

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
