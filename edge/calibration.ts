import type { ModelManifest } from '../src/contracts/device/model-manifest.ts';
import { calibrationTensors } from '../src/contracts/device/calibration.ts';
import type { FloatTensor } from './tensor.ts';
import { reading } from './windows.ts';

/**
 * Per column the mean and spread of a device's commissioning rows: readings are normalised with
 * them for the monitor.
 */
export interface MeanStd {
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

/** What a device fitted by itself. */
export interface FittedCalibration extends MeanStd {
  /** Rows it was fitted on. */
  readonly rows: number;
}

/** What the model is given beside a window, by input name, each with a batch axis of one. */
export type CalibrationInputs = Readonly<Record<string, FloatTensor>>;

/**
 * The model's calibration inputs from their values by name; a value that is not declared is left
 * out.
 */
export function calibrationInputs(
  manifest: Pick<ModelManifest, 'calibration' | 'columns'>,
  values: Readonly<Record<string, Float32Array>>,
): CalibrationInputs {
  return Object.fromEntries(
    calibrationTensors(manifest.calibration, manifest.columns.length).flatMap(({ name, shape }) => {
      const data = values[name];
      return data === undefined ? [] : [[name, { shape: [1, ...shape], data }]];
    }),
  );
}

/**
 * The floor that training and evaluation use too: a sensor that stood still must not blow up its
 * normalised readings.
 */
export const STD_FLOOR = 1e-6;

/**
 * Collects a device's first rows until they can be fitted; never fits a column that had no reading.
 */
export class Calibrator {
  readonly #columns: number;
  readonly #wanted: number;
  readonly #values: number[][];
  #rows = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#wanted = rows;
    this.#values = Array.from({ length: columns }, () => []);
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * Takes a row; returns the calibration once there are enough rows and every column had a reading.
   */
  push(values: ArrayLike<number | null>): FittedCalibration | null {
    for (let c = 0; c < this.#columns; c += 1) {
      const value = Math.fround(reading(values[c]));
      const kept = this.#values[c] as number[];
      if (!Number.isNaN(value) && kept.length < this.#wanted) kept.push(value);
    }
    this.#rows += 1;
    if (this.#rows < this.#wanted || this.#values.some((v) => v.length === 0)) return null;
    return fit(this.#values, this.#rows);
  }
}

/**
 * Mean and population standard deviation (not below STD_FLOOR) per column, summed in double
 * precision, as float32.
 */
function fit(columns: readonly (readonly number[])[], rows: number): FittedCalibration {
  const mean = new Float32Array(columns.length);
  const std = new Float32Array(columns.length);
  for (const [c, values] of columns.entries()) {
    const m = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - m) ** 2, 0) / values.length;
    mean[c] = m;
    std[c] = Math.max(Math.sqrt(variance), STD_FLOOR);
  }
  return { mean, std, rows };
}
