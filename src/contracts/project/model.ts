import { z } from 'zod';
import { calibrationSpecSchema } from '../device/calibration.ts';

export const modelSchema = z
  .strictObject({
    window: z.number().int().positive().describe('Rows per scored window; it ends at the scored row.'),
    input: z.string().min(1).describe('Input that takes the window, shape [N, window, columns].'),
    calibration: calibrationSpecSchema,
    output: z.string().min(1).describe('Output with one probability per window, shape [N].'),
    threshold: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Probability at or above which a window is an alarm.'),
  })
  .describe('Inputs, output and decision of the model.');
