import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline as pipe } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { Meter } from '../../base/meter.ts';

/** Fixed, because another level gives other bytes and so another digest. */
export const GZIP_LEVEL = 6;

/**
 * A finished layer: the compressed blob's digest and bytes, and those of the tar inside (its diff
 * id).
 */
export interface Layer {
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
  readonly unpackedSize: number;
}

/**
 * Compresses a tar into a file of `folder` while it measures both sides; the caller moves the file
 * where it belongs. The bytes depend on the tar, the gzip level and Node's zlib only.
 */
export async function compressLayer(
  tar: Readable,
  folder: string,
  signal?: AbortSignal,
): Promise<Layer & { path: string }> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${randomUUID()}.part`);
  const inner = new Meter();
  const outer = new Meter();
  try {
    const gzip = createGzip({ level: GZIP_LEVEL, chunkSize: 1 << 18 });
    await pipeline(tar, inner, gzip, outer, createWriteStream(path), { signal });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return {
    path,
    digest: outer.digest,
    size: outer.size,
    diffId: inner.digest,
    unpackedSize: inner.size,
  };
}

/** The tar inside a local file, decompressed when it is gzip. */
export async function openTar(path: string): Promise<Readable> {
  const file = await open(path, 'r');
  const head = Buffer.alloc(2);
  try {
    await file.read(head, 0, 2, 0);
  } finally {
    await file.close();
  }
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  if (!isGzip(head)) return source;
  // A failure of either end destroys both; the reader sees it as the error of what is returned.
  return pipe(source, createGunzip({ chunkSize: 1 << 18 }), () => undefined);
}

/** The tar inside a layer, and the layer's diff id once the tar has been read to its end. */
export async function openMeasured(path: string): Promise<{ tar: Readable; diffId(): string }> {
  const inner = new Meter();
  const tar = pipe(await openTar(path), inner, () => undefined);
  return { tar, diffId: () => inner.digest };
}

/** True for bytes that start with gzip's magic number. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
