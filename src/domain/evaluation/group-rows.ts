/** Rows of one group in time order. NaN stands for a missing reading. */
export interface GroupRows {
  readonly group: string;
  readonly rows: number;
  /** Row-major readings, rows × columns, in the order of the project's columns. */
  readonly values: Float32Array;
  /** 1 anomaly, 0 normal; null when the file has no label column. */
  readonly labels: ArrayLike<number> | null;
}

/**
 * Per column mean and spread of a pump's commissioning rows; monitoring normalises readings with
 * them.
 */
export interface MeanStd {
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

/**
 * A pump's calibration: what the model is given beside the data, by input name, row-major and
 * without the batch axis.
 */
export interface Calibration extends MeanStd {
  readonly tensors: Readonly<Record<string, Float32Array>>;
}

/**
 * Smallest spread that a calibration gives: a sensor that stood still must not blow up its
 * normalised readings.
 */
export const STD_FLOOR = 1e-6;

/**
 * Mean and population standard deviation (not below STD_FLOOR) per column over the first `rows`
 * rows, missing readings left out; summed in double precision, given as float32. Undefined when a
 * column has no reading there.
 */
export function fitMeanStd(values: Float32Array, columns: number, rows: number): MeanStd | undefined {
  const mean = new Float32Array(columns);
  const std = new Float32Array(columns);
  for (let c = 0; c < columns; c += 1) {
    const readings: number[] = [];
    for (let r = 0; r < rows; r += 1) {
      const value = values[r * columns + c];
      if (value !== undefined && Number.isFinite(value)) readings.push(value);
    }
    if (readings.length === 0) return undefined;
    const m = readings.reduce((a, b) => a + b, 0) / readings.length;
    const variance = readings.reduce((a, b) => a + (b - m) ** 2, 0) / readings.length;
    mean[c] = m;
    std[c] = Math.max(Math.sqrt(variance), STD_FLOOR);
  }
  return { mean, std };
}

/** Rows of a group that a model is judged by, each in order. */
export interface JudgedRows {
  /**
   * Rows on which the device is still quiet, because a window would reach into its commissioning:
   * they count as no alarm.
   */
  readonly quiet: readonly number[];
  /** Rows whose window is scored. */
  readonly scored: readonly number[];
}

/**
 * Rows after the calibration rows: scored with a full window behind them and no missing reading in
 * it, quiet (only without overlap) while the window reaches back into the calibration rows. The
 * window of row r is rows r − window + 1 … r.
 */
export function judgedRows(
  data: Pick<GroupRows, 'rows' | 'values'>,
  columns: number,
  model: {
    readonly window: number;
    readonly calibration: { readonly rows: number; readonly overlap: boolean };
  },
): JudgedRows {
  const { rows, overlap } = model.calibration;
  const first = overlap ? Math.max(rows, model.window - 1) : rows + model.window - 1;
  let lastGap = -1;
  const scored: number[] = [];
  const quiet: number[] = [];
  for (let r = 0; r < data.rows; r += 1) {
    for (let c = 0; c < columns; c += 1) if (!Number.isFinite(data.values[r * columns + c])) lastGap = r;
    if (r >= first && lastGap <= r - model.window) scored.push(r);
    else if (!overlap && r >= rows && r < first && lastGap < r) quiet.push(r);
  }
  return { quiet, scored };
}
