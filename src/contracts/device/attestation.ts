import { z } from 'zod';

/** Reported properties of the module twin: what the module attests about itself after its start. */
export const attestationSchema = z.object({
  /**
   * `calibrating`: collects the rows of a built-in fit. `uncalibrated`: waits for a calibration to
   * be delivered. Neither scores.
   */
  state: z.enum(['starting', 'calibrating', 'uncalibrated', 'scoring', 'failed']),
  model: z.object({ name: z.string(), version: z.string(), digest: z.string() }),
  image: z.string(),
  golden: z.object({ rows: z.number().int(), maxAbsDiff: z.number().nullable(), match: z.boolean() }),
  calibration: z.object({
    state: z.enum(['missing', 'fitted', 'delivered']),
    rows: z.number().int(),
    /** Of a delivered one. */
    id: z.string().optional(),
    /** Why the last delivered one was refused. */
    problem: z.string().optional(),
  }),
  startedAt: z.string(),
  queue: z.object({ waiting: z.number().int() }).optional(),
});

export type Attestation = z.infer<typeof attestationSchema>;

/** Key under the scorer module's reported properties. */
export const ATTESTATION_KEY = 'windlass';
