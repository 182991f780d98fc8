import { z } from 'zod';
import { platformSchema } from '../identifier-schemas.ts';
import { relativePathSchema } from './relative-path.ts';

/** What goes into the image beside the model. */
export const serveSchema = z.strictObject({
  /** Entry script (ES module) that exports `init(context)` and `run(data, context)`. */
  entry: relativePathSchema,
  assets: z.array(relativePathSchema).default([]),
  platforms: z.array(platformSchema).default([]),
});
