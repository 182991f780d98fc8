import { createWriteStream } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import { digestOfFile, SMALL_BYTES } from '../../base/digest.ts';
import { errorCode } from '../../base/error-code.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { imagePath, parentsOf } from './image-path.ts';
import { openMeasured } from './layer.ts';
import type { ImageConfig, ImageManifest } from './media-types.ts';
import type { OciLayoutStore } from './layout-store.ts';

/** One entry of a tar while it streams by. */
type TarEntry = Extract extends AsyncIterable<infer Source> ? Source : never;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const PARALLEL_WRITES = 16;

/**
 * Unpacks one tar into a folder, after the rules of image layers (later layers replace, whiteouts
 * delete). Nothing is written outside.
 */
export async function unpackTar(tar: Readable, root: string, signal?: AbortSignal): Promise<void> {
  await mkdir(root, { recursive: true });
  const reader = extract();
  const fed = pipeline(tar, reader as unknown as Writable, { signal });
  const target = new Target(root);
  const read = (async () => {
    for await (const entry of reader) await target.take(entry);
    await target.settle();
  })();
  const [first] = (await Promise.allSettled([read, fed])).filter((r) => r.status === 'rejected');
  if (first !== undefined) throw first.reason;
}

/**
 * The folder that one layer is unpacked into; remembers which folders it has seen to be real ones.
 */
class Target {
  readonly #root: string;
  readonly #folders = new Set<string>();
  /** Small files that are being written, by path. */
  readonly #writes = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.#root = root;
  }

  async take(entry: TarEntry): Promise<void> {
    const { header } = entry;
    const path = imagePath(header.name);
    const mode = (header.mode ?? 0o644) & 0o1777;
    const base = path.split('/').at(-1) ?? '';
    await this.#enter(path);
    if (base.startsWith(WHITEOUT)) {
      entry.resume();
      await this.settle();
      this.#folders.clear();
      await whiteOut(join(this.#root, path), base);
    } else if (header.type === 'directory') {
      entry.resume();
      if (path !== '') await this.#folder(path, mode);
    } else if (header.type === 'file' || header.type === 'contiguous-file') {
      await this.#file(path, entry, mode);
    } else if (header.type === 'symlink' || header.type === 'link') {
      entry.resume();
      const linkname = header.linkname ?? '';
      await this.#remove(path);
      if (header.type === 'symlink') await symlink(linkname, join(this.#root, path));
      else await this.#hardLink(imagePath(linkname), path);
    } else {
      throw new WindlassError(
        'PACKAGING_FAILED',
        `"${path}" is a ${header.type}; images hold files and links only.`,
      );
    }
  }

  /**
   * Makes the folders above a path; a file below a symbolic link would land where the link points:
   * outside, perhaps.
   */
  async #enter(path: string): Promise<void> {
    for (const parent of parentsOf(path)) {
      if (this.#folders.has(parent)) continue;
      const place = join(this.#root, parent);
      const found = await lstat(place).catch(() => undefined);
      if (found?.isSymbolicLink() === true)
        throw new WindlassError(
          'PACKAGING_FAILED',
          `"${path}" would be written through the link "${parent}"; it is refused.`,
          { details: { path, link: parent, target: await readlink(place) } },
        );
      if (found?.isDirectory() !== true) {
        await mkdir(place);
        await chmod(place, 0o755);
      }
      this.#folders.add(parent);
    }
  }

  async #remove(path: string): Promise<void> {
    await this.settle();
    this.#folders.clear();
    await rm(join(this.#root, path), { recursive: true, force: true });
  }

  async #folder(path: string, mode: number): Promise<void> {
    const place = join(this.#root, path);
    const there = await lstat(place).catch(() => undefined);
    if (there !== undefined && !there.isDirectory()) await this.#remove(path);
    if (there?.isDirectory() !== true) await mkdir(place);
    await chmod(place, mode | 0o700);
    this.#folders.add(path);
  }

  /** Waits for the files that are being written. */
  async settle(): Promise<void> {
    const writes = [...this.#writes.values()];
    this.#writes.clear();
    await Promise.all(writes);
  }

  async #file(path: string, entry: TarEntry, mode: number): Promise<void> {
    const place = join(this.#root, path);
    if (entry.header.size <= SMALL_BYTES) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      if (this.#writes.has(path) || this.#writes.size >= PARALLEL_WRITES) await this.settle();
      const write = createFile(place, Buffer.concat(chunks), mode);
      write.catch(() => undefined); // looked at by settle
      this.#writes.set(path, write);
      return;
    }
    await this.#remove(path);
    await pipeline(Readable.from(entry), createWriteStream(place, { flags: 'wx', mode }));
    await chmod(place, mode); // whatever the umask is
  }

  async #hardLink(source: string, path: string): Promise<void> {
    await this.#enter(source);
    await copyLinked(join(this.#root, source), join(this.#root, path));
  }
}

/** Writes a new file; what has its name already is replaced, and never written through. */
async function createFile(place: string, bytes: Buffer, mode: number): Promise<void> {
  const write = (): Promise<void> => writeFile(place, bytes, { flag: 'wx', mode });
  try {
    await write();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    await rm(place, { recursive: true, force: true });
    await write();
  }
  await chmod(place, mode); // whatever the umask is
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
 * Unpacks an image of the layout into a folder, which is to be thrown away when this fails, and
 * returns its configuration. The digest of a blob is checked before anything of it is unpacked, its
 * diff id while it is; throws ARTEFACT_CORRUPT when one differs, PACKAGING_FAILED for archives that
 * reach outside the folder.
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
    const { digest } = await digestOfFile(path);
    if (digest !== layer.digest) throw corrupt(layer.digest, digest);
    const { tar, diffId } = await openMeasured(path);
    await unpackTar(tar, root);
    const wanted = config.rootfs.diff_ids[i] ?? 'no diff id';
    if (diffId() !== wanted) throw corrupt(wanted, diffId());
  }
  return config;
}

function corrupt(expected: string, found: string): WindlassError {
  return new WindlassError(
    'ARTEFACT_CORRUPT',
    `A layer of the image has the digest ${found}, not ${expected}.`,
    { details: { expected, found } },
  );
}
