import { z } from 'zod';

export const modelLimitsSchema = z
  .strictObject({
    maxLatencyP99Ms: z
      .number()
      .positive()
      .default(20)
      .describe('Longest time to score one row, in milliseconds, 99th percentile.'),
    maxSizeMb: z.number().positive().default(20).describe('Largest model file, in MB.'),
    maxOpset: z
      .number()
      .int()
      .positive()
      .default(21)
      .describe("Newest ONNX operator set, beside what every target's runtime opens."),
    controlFlow: z
      .boolean()
      .default(false)
      .describe('Allows If, Loop, Scan and SequenceMap, which run graphs inside the graph.'),
    parityTolerance: z
      .number()
      .positive()
      .default(1e-4)
      .describe("Largest difference from the training framework's own predictions."),
    maxStartMs: z
      .number()
      .positive()
      .default(10_000)
      .describe('Longest time from the file to the first score, in milliseconds.'),
    maxMemoryMb: z
      .number()
      .positive()
      .default(1_024)
      .describe('Most memory of the whole process when the model is judged, in MB.'),
  })
  .prefault({})
  .describe('Limits that every model file is held to.');
