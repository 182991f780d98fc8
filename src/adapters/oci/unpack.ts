import { createWriteStream } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import { WindlassError } from '../../errors/windlass-error.ts';
import { digestOfFile } from './digest.ts';
import { imagePath, parentsOf } from './image-path.ts';
import { measureLayer, openTar } from './layer.ts';
import type { ImageConfig, ImageManifest } from './media-types.ts';
import type { OciLayoutStore } from './layout-store.ts';

/** One entry of a tar while it streams by. */
type TarEntry = Extract extends AsyncIterable<infer Source> ? Source : never;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** Unpacks one tar into a folder, after the rules of image layers (later layers replace, whiteouts delete). Nothing is written outside. */
export async function unpackTar(tar: Readable, root: string, signal?: AbortSignal): Promise<void> {
  await mkdir(root, { recursive: true });
  const reader = extract();
  const fed = pipeline(tar, reader as unknown as Writable, { signal });
  const read = (async () => {
    for await (const entry of reader) await unpackEntry(entry, root);
  })();
  const [first] = (await Promise.allSettled([read, fed])).filter((r) => r.status === 'rejected');
  if (first !== undefined) throw first.reason;
}

async function unpackEntry(entry: TarEntry, root: string): Promise<void> {
  const { header } = entry;
  const path = imagePath(header.name);
  const target = join(root, path);
  await refuseLinkedParents(root, path);
  const base = path.split('/').at(-1) ?? '';
  if (base.startsWith(WHITEOUT)) {
    entry.resume();
    await whiteOut(target, base);
    return;
  }
  const mode = (header.mode ?? 0o644) & 0o1777;
  if (header.type === 'directory') {
    entry.resume();
    if (path === '') return;
    const there = await lstat(target).catch(() => undefined);
    if (there !== undefined && !there.isDirectory()) await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true });
    await chmod(target, mode | 0o700);
    return;
  }
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { recursive: true, force: true });
  if (header.type === 'symlink') {
    entry.resume();
    await symlink(header.linkname ?? '', target);
  } else if (header.type === 'link') {
    entry.resume();
    const source = imagePath(header.linkname ?? '');
    await refuseLinkedParents(root, source);
    await copyLinked(join(root, source), target);
  } else if (header.type === 'file' || header.type === 'contiguous-file') {
    await pipeline(Readable.from(entry), createWriteStream(target, { flags: 'wx', mode }));
    await chmod(target, mode);
  } else {
    throw new WindlassError(
      'PACKAGING_FAILED',
      `"${path}" is a ${header.type}; images hold files and links only.`,
    );
  }
}

/** A file below a symbolic link would be written where the link points: outside, perhaps. */
async function refuseLinkedParents(root: string, path: string): Promise<void> {
  for (const parent of parentsOf(path)) {
    const found = await lstat(join(root, parent)).catch(() => undefined);
    if (found === undefined) return;
    if (found.isSymbolicLink())
      throw new WindlassError(
        'PACKAGING_FAILED',
        `"${path}" would be written through the link "${parent}"; it is refused.`,
        { details: { path, link: parent, target: await readlink(join(root, parent)) } },
      );
  }
}

async function copyLinked(source: string, target: string): Promise<void> {
  const found = await lstat(source).catch(() => undefined);
  if (found?.isFile() !== true)
    throw new WindlassError(
      'PACKAGING_FAILED',
      `A hard link of the image points at "${source}", which is no file.`,
    );
  await copyFile(source, target);
}

async function whiteOut(target: string, base: string): Promise<void> {
  if (base === OPAQUE) {
    const folder = dirname(target);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    return;
  }
  await rm(join(dirname(target), base.slice(WHITEOUT.length)), { recursive: true, force: true });
}

/**
 * Unpacks an image of the layout into a folder and returns its configuration. The digest of every blob and diff id is checked
 * first; throws ARTEFACT_CORRUPT when one differs, PACKAGING_FAILED for archives that reach outside the folder.
 */
export async function unpackImage(
  store: OciLayoutStore,
  manifestDigest: string,
  root: string,
): Promise<ImageConfig> {
  const manifest = await store.readJson<ImageManifest>(manifestDigest);
  const config = await store.readJson<ImageConfig>(manifest.config.digest);
  for (const [i, layer] of manifest.layers.entries()) {
    const path = await store.blobPath(layer.digest);
    const measured = await measureLayer(path).catch(async (cause: unknown) => {
      throw corrupt(layer.digest, (await digestOfFile(path)).digest, cause);
    });
    if (measured.digest !== layer.digest) throw corrupt(layer.digest, measured.digest);
    if (measured.diffId !== config.rootfs.diff_ids[i])
      throw corrupt(config.rootfs.diff_ids[i] ?? 'no diff id', measured.diffId);
    await unpackTar(await openTar(path), root);
  }
  return config;
}

function corrupt(expected: string, found: string, cause?: unknown): WindlassError {
  return new WindlassError(
    'ARTEFACT_CORRUPT',
    `A layer of the image has the digest ${found}, not ${expected}.`,
    {
      details: { expected, found },
      cause,
    },
  );
}
