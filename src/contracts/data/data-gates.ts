/**
 * Gates on data whose verdict windlass.yaml may set to `warn` or `fail`; the others always fail,
 * because nothing can be trained then.
 */
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

/**
 * `data.gates` of windlass.yaml with everything filled in; its schema says what each field means.
 */
export interface DataGateSettings {
  readonly rangeWarnShare: number;
  readonly rangeFailShare: number;
  readonly gapFactor: number;
  readonly stuckRows: number;
  readonly contaminationShare: number;
  readonly baselineOutlierShare: number;
  readonly sharedRowsShare: number;
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
