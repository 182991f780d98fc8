import { z } from 'zod';
import { ADJUSTABLE_DATA_GATES, DATA_GATE_DEFAULTS, type DataGateSettings } from '../data/data-gates.ts';

export const columnSchema = z.object({
  name: z.string().min(1).describe('Name of the sensor channel in the data files.'),
  unit: z.string().min(1).describe('Unit of its readings, e.g. `bar`.'),
  min: z.number().describe('Lowest reading that a working sensor can give, in its unit.'),
  max: z.number().describe('Highest reading that a working sensor can give, in its unit.'),
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

/**
 * A threshold that may be left out; the page shows the default, and `dataGateSettings` fills it in.
 */
function threshold<T extends z.ZodType>(schema: T, key: keyof DataGateSettings, description: string) {
  return schema.optional().meta({ description, default: DATA_GATE_DEFAULTS[key] });
}

const dataGatesSchema = z.strictObject({
  rangeWarnShare: threshold(
    share,
    'rangeWarnShare',
    "Share of a file's rows outside a sensor's range above which the gate warns.",
  ),
  rangeFailShare: threshold(
    share,
    'rangeFailShare',
    "Share of a file's rows outside a sensor's range above which the gate fails.",
  ),
  gapFactor: threshold(
    z.number().positive(),
    'gapFactor',
    'A time step longer than this many usual steps is a gap.',
  ),
  stuckRows: threshold(
    z.number().int().nonnegative(),
    'stuckRows',
    'Equal readings in a row that make a sensor stuck; 0: as many as a window has, at least 60.',
  ),
  contaminationShare: threshold(
    share,
    'contaminationShare',
    'Share of the calibration rows that may be labelled as anomaly.',
  ),
  baselineOutlierShare: threshold(
    share,
    'baselineOutlierShare',
    'Share of the calibration rows that may lie far from the others before the gate warns.',
  ),
  sharedRowsShare: threshold(
    share,
    'sharedRowsShare',
    "Share of a file's rows that may also occur in a file of another fold.",
  ),
  earliest: threshold(day, 'earliest', 'A time before this day is no measurement, e.g. an unset clock.'),
  latest: threshold(day, 'latest', 'A time after this day is no measurement, e.g. read in a wrong unit.'),
  levels: z
    .partialRecord(z.enum(ADJUSTABLE_DATA_GATES), z.enum(['warn', 'fail']))
    .optional()
    .describe('What a gate does when it finds something: `warn` lets the build continue, `fail` ends it.'),
});

export const dataSchema = z
  .strictObject({
    timestamp: z.string().min(1).describe('Column with the time of a row.'),
    label: z.string().min(1).describe('Column with the label: 0 normal, 1 anomaly.'),
    columns: z.array(columnSchema).min(1).describe('Sensor channels, in the order that the model gets them.'),
    maxNullShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe('Share of rows that may have a missing value.'),
    device: z
      .string()
      .refine(hasOneGroup, 'expected a regular expression with one group, e.g. "^site-./(pump-[0-9]+)"')
      .optional()
      .describe(
        "Finds the device in a file's path: a regular expression with one group. " +
          'Files of one device are held out together.',
      ),
    gates: dataGatesSchema.optional().describe('Thresholds of the data gates.'),
  })
  .describe('What the data files hold.');
export type ColumnSpec = z.infer<typeof columnSchema>;
