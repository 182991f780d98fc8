import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { digestSchema } from '../../contracts/artefact.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import { digestOf, digestOfFile } from '../../base/digest.ts';
import type { Descriptor, ImageIndex } from './media-types.ts';
import { OCI } from './media-types.ts';

const ABANDONED_MS = 6 * 3_600_000;
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * An image store in a folder of this machine, in the OCI image layout (`oci-layout`, `index.json`,
 * `blobs/sha256`).
 */
export interface OciLayoutStore extends ImageStore {
  readonly dir: string;
  /** A folder on the same disk for files that are on their way to become blobs. */
  readonly scratch: string;
  /** Moves a file of `scratch` among the blobs; the caller has measured its digest. */
  adoptBlob(digest: string, path: string): Promise<void>;
  /**
   * Removes what killed workers left in `scratch`: everything untouched for six hours. Gives the
   * number removed.
   */
  tidy(now: Date): Promise<number>;
  readJson<T>(digest: string): Promise<T>;
  /** The named images of the folder: what `index.json` lists. */
  images(): Promise<ReadonlyArray<{ name: string; digest: string }>>;
}

/**
 * Creates the store; `dir` comes into being with the first image. Names get the prefix
 * `localhost/windlass`.
 */
export function createOciLayoutStore(dir: string, prefix = 'localhost/windlass'): OciLayoutStore {
  const blobs = join(dir, 'blobs', 'sha256');
  const scratch = join(dir, 'tmp');
  const pathOf = (digest: string): string => {
    if (!digestSchema.safeParse(digest).success)
      throw new WindlassError(
        'INPUT_INVALID',
        `"${digest}" is not a digest: expected sha256:<64 hex digits>.`,
      );
    return join(blobs, digest.slice(7));
  };
  const has = (digest: string): Promise<boolean> =>
    stat(pathOf(digest)).then(
      (found) => found.isFile(),
      () => false,
    );

  const prepare = async (): Promise<void> => {
    await mkdir(blobs, { recursive: true });
    await mkdir(scratch, { recursive: true });
    const marker = join(dir, 'oci-layout');
    if (!(await exists(marker))) await replace(marker, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  };
  const replace = async (path: string, bytes: string | Uint8Array): Promise<void> => {
    const temporary = join(scratch, randomUUID());
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, path);
  };
  const readIndex = async (): Promise<ImageIndex> => {
    const text = await readFile(join(dir, 'index.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return { schemaVersion: 2, mediaType: OCI.index, manifests: [] };
    const index = jsonOf(text, `${dir}/index.json`) as ImageIndex;
    if (Array.isArray(index?.manifests)) return index;
    throw new WindlassError(
      'INPUT_INVALID',
      `${dir}/index.json is no OCI index: expected a list "manifests".`,
    );
  };
  const adoptBlob = async (digest: string, path: string): Promise<void> => {
    await prepare();
    if (await has(digest)) await rm(path, { force: true });
    else await rename(path, pathOf(digest));
  };

  /** Lists a manifest under a name; several worker processes may do so at once. */
  const name = async (descriptor: Descriptor, ref: string): Promise<void> => {
    const release = await lock(dir, {
      lockfilePath: join(dir, 'index.json.lock'),
      retries: { retries: 300, factor: 1.2, minTimeout: 10, maxTimeout: 100, randomize: true },
    });
    try {
      const index = await readIndex();
      const named: Descriptor = { ...descriptor, annotations: { [REF_NAME]: ref } };
      const others = index.manifests.filter((m) => m.annotations?.[REF_NAME] !== ref);
      await replace(join(dir, 'index.json'), JSON.stringify({ ...index, manifests: [...others, named] }));
    } finally {
      await release();
    }
  };

  return {
    dir,
    prefix,
    scratch,
    hasBlob: has,
    adoptBlob,
    tidy: async (now) => {
      let removed = 0;
      for (const name of await readdir(scratch).catch(() => [])) {
        const path = join(scratch, name);
        const found = await stat(path).catch(() => undefined);
        if (found === undefined || now.getTime() - found.mtimeMs < ABANDONED_MS) continue;
        await rm(path, { recursive: true, force: true });
        removed += 1;
      }
      return removed;
    },
    putBlob: async (digest, path) => {
      if (await has(digest)) return;
      await prepare();
      const temporary = join(scratch, randomUUID());
      await copyFile(path, temporary);
      const copied = await digestOfFile(temporary);
      if (copied.digest !== digest) {
        await rm(temporary, { force: true });
        throw new WindlassError(
          'ARTEFACT_CORRUPT',
          `${path} has the digest ${copied.digest}, not ${digest}.`,
        );
      }
      await adoptBlob(digest, temporary);
    },
    putManifest: async (repository, { digest, bytes, mediaType, tag }) => {
      if (digestOf(bytes) !== digest)
        throw new WindlassError('ARTEFACT_CORRUPT', `The manifest's bytes do not have the digest ${digest}.`);
      await prepare();
      if (!(await has(digest))) await replace(pathOf(digest), bytes);
      if (tag !== undefined) await name({ mediaType, digest, size: bytes.length }, `${repository}:${tag}`);
    },
    blobPath: async (digest) => {
      if (await has(digest)) return pathOf(digest);
      throw new WindlassError('NOT_FOUND', `There is no blob ${digest} in ${dir}.`, { details: { digest } });
    },
    readJson: async <T>(digest: string): Promise<T> => {
      const bytes = await readFile(pathOf(digest)).catch((cause: unknown) => {
        throw new WindlassError('NOT_FOUND', `There is no blob ${digest} in ${dir}.`, { cause });
      });
      if (digestOf(bytes) !== digest)
        throw new WindlassError('ARTEFACT_CORRUPT', `The stored bytes of ${digest} have another digest.`, {
          details: { digest },
        });
      return jsonOf(bytes.toString('utf8'), `The blob ${digest}`) as T;
    },
    images: async () =>
      (await readIndex()).manifests.flatMap((m) => {
        const ref = m.annotations?.[REF_NAME];
        return ref === undefined ? [] : [{ name: ref, digest: m.digest }];
      }),
  };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WindlassError('INPUT_INVALID', `${what} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
