import { lstat, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file that a process of the project was to write, as it was found. */
export type WrittenFile =
  | { readonly is: 'a file'; readonly path: string; readonly size: number }
  | { readonly is: 'missing' | 'a link to elsewhere' | 'no file' };

/**
 * Looks at what a process of the project wrote to `folder` under a relative name. A job in a
 * container could name a file of the machine that it cannot read itself: nothing is read through a
 * link, in whatever part of the path. The process must have ended before.
 */
export async function writtenFile(folder: string, name: string): Promise<WrittenFile> {
  const path = join(folder, name);
  const info = await lstat(path).catch(() => undefined);
  if (info === undefined) return { is: 'missing' };
  const linked = (await realpath(path).catch(() => undefined)) !== join(await realpath(folder), name);
  if (linked) return { is: 'a link to elsewhere' };
  return info.isFile() ? { is: 'a file', path, size: info.size } : { is: 'no file' };
}

/**
 * Removes what lies in `folder` under a relative name, but nothing that a link on the way leads to.
 */
export async function removeWritten(folder: string, name: string): Promise<void> {
  const holder = await realpath(dirname(join(folder, name))).catch(() => undefined);
  if (holder !== dirname(join(await realpath(folder), name))) return;
  await rm(join(folder, name), { recursive: true, force: true });
}
