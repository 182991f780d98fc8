/**
 * How much F1 the model loses when one column's windows are exchanged among windows of the same
 * group.
 */
export interface ColumnImportance {
  readonly column: string;
  /**
   * F1 as it is minus F1 with the column exchanged, over all repeats; 0 when the column does not
   * matter.
   */
  readonly loss: number;
  /** 95 % interval by resampling groups; null with fewer than four. */
  readonly interval: readonly [number, number] | null;
}

/** What each column contributed to the score of one alert. */
export interface AlertExplanation {
  readonly group: string;
  /** Row of the group's file in which the window ends. */
  readonly row: number;
  readonly score: number;
  /** 1: there was an anomaly. */
  readonly label: number;
  /**
   * Mean score of windows from the device's own commissioning rows; base + all contributions =
   * score.
   */
  readonly base: number;
  readonly contributions: readonly {
    readonly column: string;
    readonly value: number;
    /** Of the sampling of orders. */
    readonly standardError: number;
  }[];
}

/**
 * What the scores rest on, kept as an artefact. A list is empty when the model is too wide for the
 * time that it may take.
 */
export interface Explanation {
  readonly schema: 'windlass.explanation/1';
  readonly importance: readonly ColumnImportance[];
  /** Windows and groups that the importance rests on, and exchanges per window and column. */
  readonly windows: number;
  readonly groups: number;
  readonly repeats: number;
  readonly alerts: readonly AlertExplanation[];
}
