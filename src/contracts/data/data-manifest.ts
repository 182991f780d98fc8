import { z } from 'zod';
import { digestSchema } from '../artefact.ts';

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

/**
 * `manifest.json` of a data set as it is kept; paths are checked before anything is written by
 * them.
 */
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

/**
 * Written by the platform to `$WINDLASS_DATA/manifest.json`: one entry per file of the snapshot.
 */
export interface DataManifest {
  readonly schema: 'windlass.data/1';
  /** sha256 of the canonical JSON of schema and files, without their times. */
  readonly digest: string;
  readonly files: readonly DataFile[];
  /** Columns of the files; absent in manifests of older versions. */
  readonly columns?: readonly string[];
  readonly from?: string | null;
  readonly to?: string | null;
}

export interface DataFile {
  /** Path relative to `$WINDLASS_DATA`, always `.csv` (`;` separated) or `.parquet` as given. */
  readonly path: string;
  readonly sha256: string;
  readonly rows: number;
  /** The pump or experiment: one file, one group; never split. */
  readonly group: string;
  readonly labelled: boolean;
  /**
   * Fold in which this group is held out; null when it is never scored (it may train in every
   * fold).
   */
  readonly fold: number | null;
  /** The device that the rows are of, where `data.device` of windlass.yaml says how to find it. */
  readonly device?: string;
  /** First and last time of the rows (ISO 8601, UTC); null where no time can be read. */
  readonly from?: string | null;
  readonly to?: string | null;
}
