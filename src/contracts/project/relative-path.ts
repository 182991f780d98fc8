import { z } from 'zod';

/** A path inside the project folder, relative to it. */
export const relativePathSchema = z
  .string()
  .min(1)
  .refine(
    (p) => !p.startsWith('/') && !p.split(/[\\/]/).includes('..') && !/^[./\\]*$/.test(p),
    'expected a path inside the project folder',
  );
