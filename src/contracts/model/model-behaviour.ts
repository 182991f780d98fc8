import type { ModelProfile } from '../build/optimisation.ts';

/**
 * Scores of rows that no working sensor sends: not finite ("invalid"), at or above the threshold,
 * or below it.
 */
export interface ProbeOutcome {
  readonly rows: number;
  readonly invalid: number;
  readonly alarm: number;
  readonly healthy: number;
  /** The runtime's words, when it refused the rows. */
  readonly error?: string;
}

export type InvalidInput = 'nan' | 'infinite' | 'extreme' | 'empty';

/**
 * What a model did with its golden rows and with probes, and what that cost; differences are
 * absolute.
 */
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
  /**
   * Single-threaded runs over the same rows, the last in a session of its own; rows that differ in
   * any bit.
   */
  readonly repeat: { readonly runs: number; readonly rows: number; readonly differing: number };
  readonly batch: { readonly rows: number; readonly maxAbsDiff: number };
  /** Rows at the ends of the columns' ranges, and rows where every sensor stands still. */
  readonly probes: { readonly rows: number; readonly nonFinite: number };
  readonly invalidInputs: Readonly<Record<InvalidInput, ProbeOutcome>>;
}
