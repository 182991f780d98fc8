import { z } from 'zod';
import { paramsSchema, searchSchema } from '../build/search.ts';

/** The command that trains, and what it may use. */
export const trainSchema = z.strictObject({
  run: z.string().min(1),
  params: paramsSchema.default({}),
  seed: z.number().int().nonnegative().default(7),
  timeoutSeconds: z.number().int().positive().default(3600),
  /** Memory in MiB that the command and all that it starts may use together. */
  memoryMb: z.number().int().min(16).optional(),
  search: searchSchema.optional(),
});
