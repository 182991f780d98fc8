/** Gates on data whose verdict windlass.yaml may set to `warn` or `fail`; the others always fail, because nothing can be trained then. */
export const ADJUSTABLE_DATA_GATES = [
  'time-zones',
  'believable-times',
  'duplicate-timestamps',
  'duplicate-rows',
  'time-gaps',
  'daylight-saving',
  'stuck-sensors',
  'value-ranges',
  'repeated-rows',
  'clean-baseline',
  'steady-baseline',
  'label-balance',
  'unseen-rows',
  'near-copies',
  'device-spans',
] as const;
export type AdjustableDataGate = (typeof ADJUSTABLE_DATA_GATES)[number];

/** `data.gates` of windlass.yaml with everything filled in. */
export interface DataGateSettings {
  /** Share of a file's rows outside the range of a sensor: above the first a warning, above the second a failure. */
  readonly rangeWarnShare: number;
  readonly rangeFailShare: number;
  /** A step longer than this many usual steps is a gap. */
  readonly gapFactor: number;
  /** Rows with one value that make a sensor stuck; 0: as many as a window has, at least 60. */
  readonly stuckRows: number;
  /** Share of the calibration rows that may be labelled as anomaly before the calibration is worthless. */
  readonly contaminationShare: number;
  /** Share of the calibration rows that may lie far from the rest of them before the gate warns. */
  readonly baselineOutlierShare: number;
  /** Share of a file's rows that may also stand in a file of another fold before the gate fails. */
  readonly sharedRowsShare: number;
  /** Times before and after these days are no measurements: a clock that was not set, a number read in the wrong unit. */
  readonly earliest: string;
  readonly latest: string;
  readonly levels: Readonly<Partial<Record<AdjustableDataGate, 'warn' | 'fail'>>>;
}

export const DATA_GATE_DEFAULTS: DataGateSettings = {
  rangeWarnShare: 0.001,
  rangeFailShare: 0.05,
  gapFactor: 60,
  stuckRows: 0,
  contaminationShare: 0.05,
  baselineOutlierShare: 0.02,
  sharedRowsShare: 0.01,
  earliest: '1990-01-01',
  latest: '2100-01-01',
  levels: {},
};
