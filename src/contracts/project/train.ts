import { z } from 'zod';
import { paramsSchema, searchSchema } from '../build/search.ts';

export const trainSchema = z
  .strictObject({
    run: z.string().min(1).describe('The train command.'),
    params: paramsSchema.default({}),
    seed: z.number().int().nonnegative().default(7).describe('Seed, passed as `WINDLASS_SEED`.'),
    timeoutSeconds: z.number().int().positive().default(3600).describe('Longest run, in seconds.'),
    memoryMb: z
      .number()
      .int()
      .min(16)
      .optional()
      .describe('Memory in MiB that the command and all that it starts may use together.'),
    search: searchSchema.optional(),
  })
  .describe('The command that trains, and what it may use.');
