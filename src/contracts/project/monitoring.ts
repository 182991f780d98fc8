import { z } from 'zod';
import { RETRAIN_ON } from '../monitoring/retrain-on.ts';

/** What devices send, and when a retrain follows. */
export const monitoringSchema = z
  .strictObject({
    /** Scored windows per summary that a device sends. */
    windowsPerSummary: z.number().int().positive().default(30),
    /** Data windows: drift must show in `k` of the last `m` reports. */
    k: z.number().int().positive().default(2),
    m: z.number().int().positive().default(3),
    psiFloor: z.number().positive().default(0.2),
    minReadings: z.number().int().positive().default(500),
    cooldownSeconds: z.number().int().nonnegative().default(3600),
    /** Rise of the share of alarms over the false alarm rate of the training data that counts as loss, 0..1. */
    maxEstimatedLoss: z.number().min(0).max(1).default(0.05),
    /** `drift-and-loss`: persistent drift needs estimated or realised loss beside it; `drift`: persistent drift suffices. */
    retrainOn: z.enum(RETRAIN_ON).default('drift-and-loss'),
  })
  .prefault({});
