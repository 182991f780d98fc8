import { z } from 'zod';
import { deviceCalibrationSchema } from './calibration.ts';

/**
 * Label inside an image (and file `/windlass/model.json`): what the edge module finds out about its
 * model.
 */
export const modelManifestSchema = z.object({
  schema: z.literal('windlass.model/1'),
  name: z.string(),
  version: z.string(),
  /** sha256 of model.onnx */
  digest: z.string(),
  columns: z.array(z.object({ name: z.string(), unit: z.string(), min: z.number(), max: z.number() })),
  window: z.number().int().positive(),
  /** Name of the input that takes the window. */
  input: z.string(),
  calibration: deviceCalibrationSchema,
  output: z.string(),
  threshold: z.number(),
  windowsPerSummary: z.number().int().positive(),
  parityTolerance: z.number().positive(),
});

export type ModelManifest = z.infer<typeof modelManifestSchema>;

/**
 * Files of the image below `/windlass` (IMAGE_LAYOUT.root): the model layer (last) holds
 * model.onnx, model.json, golden.json (at most 64 rows, for the device's own attestation),
 * baseline.json (MonitoringBaseline). The entry layer holds `entry.js` and assets.
 */
export const IMAGE_LAYOUT = {
  root: '/windlass',
  model: 'windlass/model/model.onnx',
  manifest: 'windlass/model/model.json',
  golden: 'windlass/model/golden.json',
  baseline: 'windlass/model/baseline.json',
  entry: 'windlass/entry/entry.js',
  server: 'windlass/server/main.js',
} as const;
