import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { PullError } from './pull-error.ts';

/** What a virtual device needs of an image; the rest (Node, libraries) is this process itself. */
const WANTED = ['windlass/model/', 'windlass/entry/'] as const;

export interface BlobRef {
  readonly digest: string;
  readonly size: number;
}

export const hexOf = (digest: string): string => digest.replace(/^sha256:/, '');

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(2);
    await file.read(head, 0, 2, 0);
    return head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** The path inside the image when it is wanted and stays inside; undefined otherwise. */
function wantedPath(name: string): string | undefined {
  const path = name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
  if (path.split('/').includes('..'))
    throw new PullError(`the layer has an entry that leaves the root: ${name}`);
  return WANTED.some((prefix) => path.startsWith(prefix)) ? path : undefined;
}

async function unpackTo(folder: string, blob: BlobRef, path: string): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    void (async () => {
      const inside = wantedPath(header.name);
      if (inside === undefined || header.type !== 'file') {
        stream.resume();
        await new Promise<void>((resolve) => stream.on('end', () => resolve()));
        return;
      }
      await mkdir(dirname(join(folder, inside)), { recursive: true });
      await pipeline(stream, createWriteStream(join(folder, inside)));
    })().then(
      () => next(),
      (error: unknown) => tar.destroy(error as Error),
    );
  });
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  if (await isGzip(path)) await pipeline(source, measure, createGunzip(), tar);
  else await pipeline(source, measure, tar);
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== blob.digest || size !== blob.size)
    throw new PullError(`failed to verify layer ${blob.digest}: it has digest ${digest} and ${size} bytes`);
}

/**
 * Unpacks what a device needs of a layer into `<cache>/<hex of its digest>` and verifies digest and
 * size over all of it; a layer that is there already is not read again. Throws PullError.
 */
export async function fetchLayer(blobs: string, cache: string, blob: BlobRef): Promise<string> {
  const folder = join(cache, hexOf(blob.digest));
  const marker = join(folder, 'verified');
  if (await stat(marker).catch(() => undefined)) return folder;
  const path = join(blobs, hexOf(blob.digest));
  if (!(await stat(path).catch(() => undefined)))
    throw new PullError(`blob ${blob.digest} unknown to the registry`);
  const temporary = `${folder}.part-${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    await unpackTo(temporary, blob, path);
    await writeFile(join(temporary, 'verified'), blob.digest);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error instanceof PullError
      ? error
      : new PullError(`failed to register layer ${blob.digest}: ${(error as Error).message}`);
  }
  return folder;
}
