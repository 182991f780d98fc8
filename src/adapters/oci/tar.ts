import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { pack } from 'tar-stream';
import type { Header, Pack } from 'tar-stream';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import { SMALL_BYTES } from '../../base/digest.ts';
import { comparePaths, imagePath, parentsOf } from './image-path.ts';

type NamedHeader = Partial<Header> & Pick<Header, 'name'>;

/**
 * Everything in a layer belongs to root, has the time 1970-01-01, and only its permission bits are
 * its own.
 */
const FIXED = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' } as const;

/**
 * The entries in the order a tar holds them: parent folders added (0o755), sorted by path, so that
 * the same set of entries gives the same bytes. Throws PACKAGING_FAILED for a path that leaves the
 * root or is given twice.
 */
export function orderEntries(entries: readonly ImageEntry[]): ImageEntry[] {
  const byPath = new Map<string, ImageEntry>();
  for (const entry of entries) {
    const path = imagePath(entry.path);
    const before = byPath.get(path);
    if (before !== undefined && !(before.type === 'directory' && entry.type === 'directory'))
      throw new WindlassError('PACKAGING_FAILED', `Two files of the image have the path "${path}".`, {
        hint: 'Rename one of them.',
        details: { path },
      });
    byPath.set(path, { ...entry, path });
  }
  for (const path of [...byPath.keys()])
    for (const parent of parentsOf(path)) {
      const above = byPath.get(parent);
      if (above === undefined) byPath.set(parent, { type: 'directory', path: parent });
      else if (above.type === 'file')
        throw new WindlassError('PACKAGING_FAILED', `"${parent}" is both a file and a folder of the image.`);
    }
  return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path));
}

function add(tar: Pack, header: NamedHeader, bytes?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (bytes === undefined) tar.entry(header, done);
    else tar.entry(header, bytes, done);
  });
}

async function addFile(tar: Pack, header: NamedHeader, file: string): Promise<void> {
  const { size } = await stat(file);
  if (size <= SMALL_BYTES) return add(tar, header, await readFile(file));
  await new Promise<void>((resolve, reject) => {
    const sink = tar.entry({ ...header, size }, (error) => (error ? reject(error) : resolve()));
    const source = createReadStream(file, { highWaterMark: 1 << 20 });
    source.once('error', reject);
    source.pipe(sink as unknown as Writable);
  });
}

async function write(tar: Pack, entries: readonly ImageEntry[]): Promise<void> {
  for (const entry of entries) {
    const name = entry.path;
    if (entry.type === 'directory') {
      await add(tar, { ...FIXED, name: `${name}/`, type: 'directory', mode: entry.mode ?? 0o755 });
    } else if (entry.type === 'symlink') {
      await add(tar, { ...FIXED, name, type: 'symlink', linkname: entry.target, mode: 0o777 });
    } else {
      const header: NamedHeader = { ...FIXED, name, type: 'file', mode: entry.mode ?? 0o644 };
      if (entry.content instanceof Uint8Array) await add(tar, header, Buffer.from(entry.content));
      else await addFile(tar, header, entry.content.file);
    }
  }
  tar.finalize();
}

/**
 * The entries as an uncompressed tar with fixed owner, times and order: equal entries give equal
 * bytes.
 */
export function packTar(entries: readonly ImageEntry[]): Readable {
  const tar = pack();
  write(tar, orderEntries(entries)).catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return Readable.from(tar, { objectMode: false });
}
