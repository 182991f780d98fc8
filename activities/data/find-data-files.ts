import { glob, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { WindlassError } from '../../src/errors/windlass-error.ts';

export interface FoundFile {
  /** Relative to the source, with `/`; a file given by itself has its base name. */
  readonly path: string;
  readonly absolute: string;
}

const DATA_FILE = /\.(csv|parquet)$/i;
const GLOB = /[*?[{]/;

/**
 * CSV and Parquet files of a source (file, folder with all below it, or glob), relative to `cwd`, sorted by path; hidden
 * files are left out. Throws DATA_NOT_FOUND.
 */
export async function findDataFiles(source: string, cwd: string): Promise<FoundFile[]> {
  const absolute = resolve(cwd, source);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined && !GLOB.test(source))
    throw new WindlassError('DATA_NOT_FOUND', `There is no file or folder ${absolute}.`, {
      details: { source, cwd },
    });
  if (found?.isFile() === true) {
    if (DATA_FILE.test(absolute)) return [{ path: basename(absolute), absolute }];
    throw new WindlassError('DATA_NOT_FOUND', `${absolute} is neither a .csv nor a .parquet file.`);
  }
  const base = found === undefined ? globBase(absolute) : absolute;
  const paths = found === undefined ? await matches(absolute) : await filesBelow(absolute);
  const files = paths
    .filter((path) => DATA_FILE.test(path))
    .map((path) => ({ path: relative(base, path).split(sep).join('/'), absolute: path }))
    .filter((file) => !file.path.split('/').some((part) => part.startsWith('.')))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0)
    throw new WindlassError(
      'DATA_NOT_FOUND',
      found === undefined
        ? `No .csv or .parquet file matches ${absolute}.`
        : `There is no .csv or .parquet file in ${absolute}.`,
      { details: { source, cwd } },
    );
  return files;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));
  return onlyFiles(paths);
}

async function matches(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(resolve(path));
  return onlyFiles(paths);
}

async function onlyFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths)
    if ((await stat(path).catch(() => undefined))?.isFile() === true) files.push(path);
  return files;
}

/** The folder before the first part with a wildcard. */
function globBase(pattern: string): string {
  const parts = pattern.split(sep);
  return (
    parts
      .slice(
        0,
        parts.findIndex((part) => GLOB.test(part)),
      )
      .join(sep) || sep
  );
}
