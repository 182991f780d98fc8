import { z } from 'zod';
import { digestSchema } from './artefact.ts';
import type { DataManifest } from './project.ts';

/** A path that stays inside whatever folder it is written to, on every system. */
const inside = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) =>
      ![...path].some((character) => character < ' ' || character === '\\' || character === ':') &&
      path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'expected a path inside the data folder',
  );

const time = z.iso.datetime().nullable().optional();

const fileSchema = z
  .strictObject({
    path: inside.regex(/\.(csv|parquet)$/i, 'expected a .csv or .parquet file'),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'),
    rows: z.number().int().nonnegative(),
    group: inside,
    labelled: z.boolean(),
    fold: z.number().int().nonnegative().nullable(),
    device: z.string().min(1).optional(),
    from: time,
    to: time,
  })
  .refine(({ path, group }) => path.replace(/\.[^./]+$/, '') === group, {
    path: ['group'],
    error: 'expected the path without its extension',
  });

/** `manifest.json` of a data set as it is kept; paths are checked before anything is written by them. */
export const dataManifestSchema: z.ZodType<DataManifest> = z.strictObject({
  schema: z.literal('windlass.data/1'),
  digest: digestSchema,
  files: z
    .array(fileSchema)
    .min(1)
    .refine((files) => new Set(files.map((f) => f.group)).size === files.length, 'expected each group once'),
  columns: z.array(z.string()).optional(),
  from: time,
  to: time,
});
