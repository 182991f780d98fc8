import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { access, glob, lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { DataSource, SourceFile } from '../../ports/data-source.ts';
import type { Clock } from '../../ports/clock.ts';
import { byPath, changed, isDataFile, isHidden } from './data-files.ts';

const GLOB = /[*?[{]/;
/**
 * A file written less than this long ago could be written again without another time (coarse clocks
 * of file systems).
 */
const SETTLED_NS = 2_000_000_000n;

interface LocalFile extends SourceFile {
  readonly absolute: string;
}

/**
 * CSV and Parquet files of a file, a folder with all below it, or a glob. What is called like a
 * data file and cannot be taken (pipe, device, link that leads out of the source or nowhere, no
 * permission) is listed with its problem.
 */
export async function openLocalFiles(
  source: string,
  { cwd, clock }: { readonly cwd: string; readonly clock: Clock },
): Promise<DataSource> {
  const absolute = resolve(cwd, source);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined && !GLOB.test(source))
    throw new WindlassError('DATA_NOT_FOUND', `There is no file or folder ${absolute}.`, {
      details: { source, cwd },
    });
  const files =
    found === undefined || found.isDirectory()
      ? await listFiles(absolute, { isGlob: found === undefined, clock })
      : [await oneFile(absolute, clock)];
  const byName = new Map(files.map((file) => [file.path, file]));
  return {
    name: absolute,
    files: files.map(({ absolute: _, ...file }) => file),
    withFile: async (file, work) => {
      const path = byName.get(file.path)?.absolute ?? file.path;
      await unchanged(file, path);
      const result = await work(path);
      await unchanged(file, path);
      return result;
    },
    close: async () => undefined,
  };
}

async function oneFile(absolute: string, clock: Clock): Promise<LocalFile> {
  if (!isDataFile(absolute))
    throw new WindlassError('DATA_NOT_FOUND', `${absolute} is neither a .csv nor a .parquet file.`);
  return listed({ absolute, path: basename(absolute) }, clock);
}

async function listFiles(
  absolute: string,
  { isGlob, clock }: { readonly isGlob: boolean; readonly clock: Clock },
): Promise<LocalFile[]> {
  const base = isGlob ? globBase(absolute) : absolute;
  const paths: string[] = [];
  if (isGlob) for await (const path of glob(absolute)) paths.push(resolve(path));
  else
    for (const entry of await readdir(absolute, { recursive: true, withFileTypes: true }))
      paths.push(join(entry.parentPath, entry.name));
  const root = await realpath(base).catch(() => base);
  const named = paths.filter(isDataFile);
  const folders = foldersOf(named, base);
  const files: LocalFile[] = [];
  for (const path of named) {
    const name = relative(base, path).split(sep).join('/');
    if (isHidden(name) || folders.has(path)) continue;
    files.push(await listed({ absolute: path, base: root, path: name }, clock));
  }
  if (files.length > 0) return files.sort(byPath);
  throw new WindlassError(
    'DATA_NOT_FOUND',
    isGlob
      ? `No .csv or .parquet file matches ${absolute}.`
      : `There is no .csv or .parquet file in ${absolute}.`,
    { details: { source: absolute } },
  );
}

/** Every folder between the base and a data file: some tools write `all.parquet/part-0.parquet`. */
function foldersOf(paths: readonly string[], base: string): Set<string> {
  const folders = new Set<string>();
  for (const path of paths)
    for (let at = dirname(path); at.length > base.length && !folders.has(at); at = dirname(at))
      folders.add(at);
  return folders;
}

/**
 * With a `base`, a link must not lead out of it; a file that was named itself may be a link to
 * anywhere.
 */
async function listed(
  { absolute, base, path }: { absolute: string; base?: string; path: string },
  clock: Clock,
): Promise<LocalFile> {
  const found = await stat(absolute, { bigint: true }).catch(() => undefined);
  const problem = await problemOf(absolute, found, base);
  if (found === undefined || problem !== undefined)
    return { path, absolute, size: 0, stamp: '', settled: false, problem: problem ?? 'cannot be read' };
  const last = found.mtimeNs > found.ctimeNs ? found.mtimeNs : found.ctimeNs;
  const settled = BigInt(clock.now().getTime()) * 1_000_000n - last > SETTLED_NS;
  return { path, absolute, size: Number(found.size), stamp: stampOf(found), settled };
}

async function problemOf(
  path: string,
  found: BigIntStats | undefined,
  base: string | undefined,
): Promise<string | undefined> {
  if (found === undefined) return 'is a link that leads nowhere';
  if (hasControlCharacter(path)) return 'has a backslash or a control character in its name';
  if (base !== undefined && (await lstat(path)).isSymbolicLink()) {
    const target = await realpath(path);
    if (!target.startsWith(`${base}${sep}`)) return `is a link that leads out of the source, to ${target}`;
  }
  if (found.isDirectory()) return 'is a folder without data files';
  if (found.isFIFO()) return 'is a named pipe';
  if (!found.isFile()) return 'is a device or a socket';
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return readable ? undefined : 'may not be read by this user';
}

function hasControlCharacter(path: string): boolean {
  return [...basename(path)].some((character) => character < ' ' || character === '\\');
}

function stampOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size}:${mtimeNs}:${ctimeNs}:${ino}`;
}

async function unchanged(file: SourceFile, path: string): Promise<void> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found === undefined || stampOf(found) !== file.stamp) throw changed(file.path);
}

/** The folder before the first part with a wildcard. */
function globBase(pattern: string): string {
  const parts = pattern.split(sep);
  const first = parts.findIndex((part) => GLOB.test(part));
  return parts.slice(0, first).join(sep) || sep;
}
