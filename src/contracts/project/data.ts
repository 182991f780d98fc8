import { z } from 'zod';
import { ADJUSTABLE_DATA_GATES } from '../data/data-gates.ts';

/** One sensor channel: its name in the data files, its unit, and the range a working sensor can give. */
export const columnSchema = z.object({
  name: z.string().min(1),
  unit: z.string().min(1),
  min: z.number(),
  max: z.number(),
});

function hasOneGroup(pattern: string): boolean {
  try {
    return new RegExp(`${pattern}|`).exec('')?.length === 2;
  } catch {
    return false;
  }
}

const share = z.number().min(0).max(1);
const day = z.iso.date('expected a day, e.g. "2019-06-30"');

/** Thresholds of the data gates; what is left out has the value of `DATA_GATE_DEFAULTS` (contracts/data/data-gates.ts). */
const dataGatesSchema = z.strictObject({
  rangeWarnShare: share.optional(),
  rangeFailShare: share.optional(),
  gapFactor: z.number().positive().optional(),
  stuckRows: z.number().int().nonnegative().optional(),
  contaminationShare: share.optional(),
  baselineOutlierShare: share.optional(),
  sharedRowsShare: share.optional(),
  earliest: day.optional(),
  latest: day.optional(),
  /** What a gate says that found something: `warn` lets the build go on, `fail` ends it. */
  levels: z.partialRecord(z.enum(ADJUSTABLE_DATA_GATES), z.enum(['warn', 'fail'])).optional(),
});

/** What the data files hold. */
export const dataSchema = z.strictObject({
  timestamp: z.string().min(1),
  label: z.string().min(1),
  columns: z.array(columnSchema).min(1),
  /** Share of rows allowed to have a missing value, 0..1. */
  maxNullShare: z.number().min(0).max(1).default(0.05),
  /** Finds the device in a file's path: a regular expression with one group. Files of one device are held out together. */
  device: z
    .string()
    .refine(hasOneGroup, 'expected a regular expression with one group, e.g. "^site-./(pump-[0-9]+)"')
    .optional(),
  gates: dataGatesSchema.optional(),
});
export type ColumnSpec = z.infer<typeof columnSchema>;
