import { z } from 'zod';

/** A calibration input of a model: its name in the graph, and the shape of one device's values (the graph adds a batch axis). */
export const calibrationTensorSchema = z.strictObject({
  name: z.string().min(1),
  shape: z.array(z.number().int().positive()).min(1).max(4),
});
export type CalibrationTensor = z.infer<typeof calibrationTensorSchema>;

/** Rows at the start of each pump's file that fit its calibration; rows before this are never scored. */
const rows = z.number().int().positive();

/** Built in: mean and spread per column, fitted by the device itself on its first rows. `mean` and `std` name the model's inputs. */
const meanStdSchema = z.strictObject({
  fit: z.literal('mean-std'),
  rows,
  mean: z.string().min(1),
  std: z.string().min(1),
});

/** `model.calibration` of windlass.yaml: what is fitted per device on its commissioning rows and given to the model beside the data. */
export const calibrationSpecSchema = z.discriminatedUnion('fit', [meanStdSchema]);
export type CalibrationSpec = z.infer<typeof calibrationSpecSchema>;

/** The part of it that a device needs. */
export const deviceCalibrationSchema = calibrationSpecSchema;
export type DeviceCalibrationSpec = z.infer<typeof deviceCalibrationSchema>;

/** The model's calibration inputs in the order of their declaration; those of mean-std hold a value per column. */
export function calibrationTensors(
  calibration: DeviceCalibrationSpec,
  columns: number,
): readonly CalibrationTensor[] {
  const { mean, std } = calibration;
  return [mean, std].map((name) => ({ name, shape: [columns] }));
}
