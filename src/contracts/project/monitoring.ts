import { z } from 'zod';
import { RETRAIN_ON } from '../monitoring/retrain-on.ts';

export const monitoringSchema = z
  .strictObject({
    windowsPerSummary: z
      .number()
      .int()
      .positive()
      .default(30)
      .describe('Scored windows per summary that a device sends.'),
    k: z
      .number()
      .int()
      .positive()
      .default(2)
      .describe('Drift is persistent when it shows in `k` of the last `m` reports.'),
    m: z.number().int().positive().default(3).describe('See `k`.'),
    psiFloor: z
      .number()
      .positive()
      .default(0.2)
      .describe('Lowest threshold for the drift (PSI) of a column or of the score.'),
    minReadings: z
      .number()
      .int()
      .positive()
      .default(500)
      .describe('Fewest readings of a column that a verdict may rest on.'),
    cooldownSeconds: z
      .number()
      .int()
      .nonnegative()
      .default(3600)
      .describe('Seconds after a retrain in which drift starts no other.'),
    maxEstimatedLoss: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe(
        'Rise of the share of alarms over the false alarm rate of the training data that counts as loss.',
      ),
    retrainOn: z
      .enum(RETRAIN_ON)
      .default('drift-and-loss')
      .describe(
        '`drift-and-loss`: persistent drift needs estimated or realised loss beside it; ' +
          '`drift`: persistent drift suffices; `never`: no retrain by itself.',
      ),
  })
  .prefault({})
  .describe('What devices send, and when a retrain follows.');
