import { z } from 'zod';
import { calibrationSpecSchema } from '../device/calibration.ts';

/** Inputs, output and decision of the model. */
export const modelSchema = z.strictObject({
  /** Rows per scored window; the window ends at the scored row. */
  window: z.number().int().positive(),
  /** Input that takes the window, shape [N, window, columns]. */
  input: z.string().min(1),
  calibration: calibrationSpecSchema,
  /** Output with one probability per window, shape [N]. */
  output: z.string().min(1),
  /** Probability at or above which a window is an alarm. */
  threshold: z.number().min(0).max(1).default(0.5),
});
