import { z } from 'zod';
import { newNameSchema } from '../identifier-schemas.ts';
import { relativePathSchema } from './relative-path.ts';

/** Commands that must pass before a pipeline version is published. */
export const checksSchema = z
  .array(
    z
      .strictObject({
        name: newNameSchema,
        run: z.string().min(1),
        required: z.boolean().default(true),
        /** JUnit XML that the command writes, relative to the project; read into counts. */
        junit: relativePathSchema.optional(),
        /** Cobertura XML or coverage.json that the command writes; read into percent of lines. */
        coverage: relativePathSchema.optional(),
        /** Percent of lines, 0..100, that must be covered. */
        minCoverage: z.number().min(0).max(100).optional(),
        /** SARIF that the command writes; read into counts by level. */
        sarif: relativePathSchema.optional(),
        /** Most errors of the SARIF report; 0 when not set. */
        maxErrors: z.number().int().nonnegative().optional(),
        /** Most warnings of the SARIF report; any when not set. */
        maxWarnings: z.number().int().nonnegative().optional(),
        /** Runs at the same time as its neighbours that say so, too, in the same folder. */
        parallel: z.boolean().optional(),
        timeoutSeconds: z.number().int().positive().default(600),
      })
      .refine((c) => c.minCoverage === undefined || c.coverage !== undefined, {
        path: ['minCoverage'],
        error: 'needs `coverage`: the report that it is read from',
      })
      .refine((c) => (c.maxErrors ?? c.maxWarnings) === undefined || c.sarif !== undefined, {
        path: ['sarif'],
        error: 'maxErrors and maxWarnings need the report that they are read from',
      }),
  )
  .min(1, 'at least one check: a pipeline is published only after its checks pass')
  .refine((checks) => new Set(checks.map((c) => c.name)).size === checks.length, 'two checks have one name');
