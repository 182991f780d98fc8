import { z } from 'zod';

/**
 * Values that all tensors of a model may hold together for one device: what fits a module twin (32
 * KB) with room to spare.
 */
export const MAX_CALIBRATION_VALUES = 3000;

const inputName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,127}$/, 'expected letters, digits, "_" and "-", e.g. "baseline_mean"');

/**
 * A calibration input of a model: its name in the graph, and the shape of one device's values (the
 * graph adds a batch axis).
 */
const calibrationTensorSchema = z.strictObject({
  name: inputName.describe("Name of the tensor: an input of the model's graph."),
  shape: z
    .array(z.number().int().positive())
    .min(1)
    .max(4)
    .describe("Shape of one device's values, 1 to 4 numbers; the graph adds a batch axis."),
});
export type CalibrationTensor = z.infer<typeof calibrationTensorSchema>;

/** Number of values of a tensor. */
export function tensorSize({ shape }: Pick<CalibrationTensor, 'shape'>): number {
  return shape.reduce((product, size) => product * size, 1);
}

const common = {
  rows: z
    .number()
    .int()
    .positive()
    .describe(
      "Rows at the start of each pump's file that its calibration is fitted on; they are never scored.",
    ),
  overlap: z
    .boolean()
    .default(true)
    .describe(
      'Whether the first windows may reach back into the commissioning rows. If not, a device is quiet ' +
        'until a window holds none of them, and these rows count as no alarm.',
    ),
};

const meanStdSchema = z.strictObject({
  fit: z
    .literal('mean-std')
    .describe('`mean-std`: mean and spread per column, fitted by the device; `command`: a command of yours.'),
  ...common,
  mean: inputName.describe("The model's input for the mean of each column."),
  std: inputName.describe("The model's input for the standard deviation of each column."),
});

const tensors = z
  .array(calibrationTensorSchema)
  .min(1)
  .refine((all) => new Set(all.map((t) => t.name)).size === all.length, 'each tensor needs a name of its own')
  .refine(
    (all) => all.reduce((sum, t) => sum + tensorSize(t), 0) <= MAX_CALIBRATION_VALUES,
    `all tensors together may hold ${MAX_CALIBRATION_VALUES} values: more does not fit a device twin`,
  )
  .describe(`Calibration inputs of the model, at most ${MAX_CALIBRATION_VALUES} values in all.`);
const commandSchema = z.strictObject({
  fit: z.literal('command'),
  ...common,
  run: z
    .string()
    .min(1)
    .describe('Reads `$WINDLASS_COMMISSIONING`, writes one file per group to `$WINDLASS_OUT`.'),
  timeoutSeconds: z.number().int().positive().default(600).describe('Longest run, in seconds.'),
  tensors,
});

export const calibrationSpecSchema = z
  .discriminatedUnion('fit', [meanStdSchema, commandSchema])
  .describe('What is fitted per device on its commissioning rows and given to the model beside the data.');
export type CommandCalibration = z.infer<typeof commandSchema>;

/** The part of it that a device needs: what is not fitted there is delivered to it. */
export const deviceCalibrationSchema = z.discriminatedUnion('fit', [
  meanStdSchema,
  z.object({ fit: z.literal('command'), ...common, tensors }),
]);
export type DeviceCalibrationSpec = z.infer<typeof deviceCalibrationSchema>;

/**
 * The model's calibration inputs in the order of their declaration; those of mean-std hold a value
 * per column.
 */
export function calibrationTensors(
  calibration: DeviceCalibrationSpec,
  columns: number,
): readonly CalibrationTensor[] {
  if (calibration.fit === 'command') return calibration.tensors;
  const { mean, std } = calibration;
  return [mean, std].map((name) => ({ name, shape: [columns] }));
}

/**
 * Written by the platform to `$WINDLASS_COMMISSIONING/manifest.json`. Each group's file is CSV
 * (`,`) with a line of column names and the first `rows` rows; an empty field is a missing reading.
 * The command writes `$WINDLASS_OUT/<out>` per group: a JSON object of tensor name → numbers,
 * nested or flat in row-major order.
 */
export interface CommissioningManifest {
  readonly schema: 'windlass.commissioning/1';
  readonly rows: number;
  readonly columns: readonly string[];
  readonly tensors: readonly CalibrationTensor[];
  readonly groups: ReadonlyArray<{ readonly group: string; readonly file: string; readonly out: string }>;
}

/**
 * Key under the scorer module's desired properties, where a calibration that was not fitted on the
 * device is delivered.
 */
export const CALIBRATION_KEY = 'calibration';

/** One device's calibration as it is delivered. Numbers are float32, row-major. */
export const calibrationDocumentSchema = z.object({
  schema: z.literal('windlass.calibration/1'),
  /** Names this calibration in the device's attestation. */
  id: z.string().min(1),
  /** sha256 of the model.onnx that it was fitted for. */
  model: z.string().min(1),
  /**
   * When it was fitted: of two for one model a device uses the later one. Without it, it counts as
   * older than any that has it.
   */
  fittedAt: z.iso.datetime().optional(),
  /** Commissioning rows it was fitted on. */
  rows: z.number().int().positive(),
  /**
   * Per column mean and spread of those rows: readings are normalised with them for the monitor.
   */
  mean: z.array(z.number()),
  std: z.array(z.number().positive()),
  /** A list, which a twin replaces as a whole. */
  tensors: z.array(z.object({ name: z.string(), values: z.array(z.number()) })),
});
export type CalibrationDocument = z.infer<typeof calibrationDocumentSchema>;

/**
 * Milliseconds since 1970; of two calibrations for one model the later one counts, and one without
 * a time is older than any.
 */
export function fittedTime({ fittedAt }: { readonly fittedAt?: string | undefined }): number {
  return fittedAt === undefined ? -Infinity : Date.parse(fittedAt);
}
