import { z } from 'zod';
import { platformSchema } from '../identifier-schemas.ts';
import { relativePathSchema } from './relative-path.ts';

export const serveSchema = z
  .strictObject({
    entry: relativePathSchema.describe(
      'Entry script (ES module) that exports `init(context)` and `run(data, context)`.',
    ),
    assets: z
      .array(relativePathSchema)
      .default([])
      .describe('Files and folders of the project that the entry script needs.'),
    platforms: z
      .array(platformSchema)
      .default([])
      .describe(
        'Platforms of the devices; the model must open on the runtimes of these, or of all when empty.',
      ),
  })
  .describe('What goes into the image beside the model.');
