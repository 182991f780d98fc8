import { z } from 'zod';
import { newNameSchema } from '../identifier-schemas.ts';
import { relativePathSchema } from './relative-path.ts';

export const checksSchema = z
  .array(
    z
      .strictObject({
        name: newNameSchema.describe('Name of the check: lower-case letters, digits and dashes.'),
        run: z.string().min(1).describe('Command, run in a copy of the project. Its exit code must be 0.'),
        required: z.boolean().default(true).describe('`false`: a failure only warns.'),
        junit: relativePathSchema
          .optional()
          .describe('JUnit XML that the command writes, relative to the project; read into counts.'),
        coverage: relativePathSchema
          .optional()
          .describe('Cobertura XML or coverage.json that the command writes; read into percent of lines.'),
        minCoverage: z
          .number()
          .min(0)
          .max(100)
          .optional()
          .describe('Percent of lines that must be covered; needs `coverage`.'),
        sarif: relativePathSchema
          .optional()
          .describe('SARIF that the command writes; read into counts by level.'),
        maxErrors: z
          .number()
          .int()
          .nonnegative()
          .optional()
          .describe('Most errors of the SARIF report; 0 when not set.'),
        maxWarnings: z
          .number()
          .int()
          .nonnegative()
          .optional()
          .describe('Most warnings of the SARIF report; without a limit when not set.'),
        parallel: z
          .boolean()
          .optional()
          .describe('`true`: runs at the same time as neighbouring checks with `true`, in the same folder.'),
        timeoutSeconds: z.number().int().positive().default(600).describe('Longest run, in seconds.'),
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
  .refine((checks) => new Set(checks.map((c) => c.name)).size === checks.length, 'two checks have one name')
  .describe('Commands that must pass before a pipeline version is published.');
