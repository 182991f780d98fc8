import { z } from 'zod';

/**
 * Additive moments and histogram of one column: sums add up, bins add up, so merging is exact in
 * any order.
 */
export const columnSummarySchema = z.object({
  n: z.number().int().nonnegative(),
  nulls: z.number().int().nonnegative(),
  nonFinite: z.number().int().nonnegative(),
  outOfRange: z.number().int().nonnegative(),
  stuck: z.number().int().nonnegative(),
  /** Σz and Σz² of the readings normalised by the device's calibration: z = (x − mean) / std. */
  sum: z.number(),
  sumSquares: z.number(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** Counts of z per bin of the baseline's edges (edges.length + 1 bins). */
  bins: z.array(z.number().int().nonnegative()),
});
export type ColumnSummary = z.infer<typeof columnSummarySchema>;

/**
 * What a device sends for each stretch of `windowsPerSummary` scored windows. Identity: (device,
 * model digest, seq).
 */
export const windowSummarySchema = z.object({
  schema: z.literal('windlass.window/1'),
  device: z.string(),
  model: z.object({ name: z.string(), version: z.string(), digest: z.string() }),
  /** sha256 of the baseline whose bin edges were used. */
  baseline: z.string(),
  seq: z.number().int().nonnegative(),
  /** Device time, ISO 8601, of the first and last reading. */
  start: z.string(),
  end: z.string(),
  readings: z.number().int().nonnegative(),
  scored: z.number().int().nonnegative(),
  invalid: z.number().int().nonnegative(),
  alarms: z.number().int().nonnegative(),
  columns: z.record(z.string(), columnSummarySchema),
  score: z.object({
    n: z.number().int(),
    sum: z.number(),
    sumSquares: z.number(),
    bins: z.array(z.number().int()),
  }),
  latencyMs: z.object({ n: z.number().int(), sum: z.number(), max: z.number() }),
});
export type WindowSummary = z.infer<typeof windowSummarySchema>;

/** Edges of the ten equal bins of a probability. */
export const SCORE_EDGES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;

/** The reference kept with each model version, made from its training data. */
export const monitoringBaselineSchema = z.object({
  schema: z.literal('windlass.baseline/1'),
  columns: z.record(
    z.string(),
    z.object({
      /** Nine inner quantile edges of z in the reference: ten bins. */
      edges: z.array(z.number()),
      /** Reference share per bin, sums to 1. */
      shares: z.array(z.number()),
      mean: z.number(),
      std: z.number(),
      /**
       * PSI of each reference chunk (as long as a monitoring report) against the whole reference.
       */
      chunkPsi: z.array(z.number()),
    }),
  ),
  score: z.object({ shares: z.array(z.number()), chunkPsi: z.array(z.number()) }),
  rows: z.number().int(),
  groups: z.number().int(),
  chunkRows: z.number().int(),
});
export type MonitoringBaseline = z.infer<typeof monitoringBaselineSchema>;
