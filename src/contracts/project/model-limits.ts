import { z } from 'zod';

/** Limits that every model file is held to (`gates` of windlass.yaml). */
export const modelLimitsSchema = z
  .strictObject({
    maxLatencyP99Ms: z.number().positive().default(20),
    maxSizeMb: z.number().positive().default(20),
    /** Beside what every target's runtime opens. */
    maxOpset: z.number().int().positive().default(21),
    /** Allows If, Loop, Scan and SequenceMap, which run graphs inside the graph. */
    controlFlow: z.boolean().default(false),
    parityTolerance: z.number().positive().default(1e-4),
    /** Milliseconds from the file to the first score, and MB of the whole process, when the model is judged. */
    maxStartMs: z.number().positive().default(10_000),
    maxMemoryMb: z.number().positive().default(1_024),
  })
  .prefault({});
