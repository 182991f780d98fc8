import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline as pipe, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf } from '../../base/digest.ts';
import { errorCode } from '../../base/error-code.ts';
import type { ArtefactRef } from '../../contracts/artefact.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import { artefactPath, corrupt, missing, verifier } from './artefact-parts.ts';

/**
 * A folder as artefact store: `sha256/ab/cdef…` holds the bytes, `….type` beside it the media type.
 */
export function createFileArtefactStore(dir: string): ArtefactStore {
  const pathOf = (digest: string): string => join(dir, artefactPath(digest));
  const folder = (digest: string): string => dirname(pathOf(digest));

  const sizeOf = async (digest: string): Promise<number | undefined> => {
    try {
      return (await stat(pathOf(digest))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };

  /** The media type is written first, so that an artefact that can be seen always has one. */
  const adopt = async (temporary: string, ref: ArtefactRef): Promise<ArtefactRef> => {
    const target = pathOf(ref.digest);
    if ((await sizeOf(ref.digest)) === ref.size) {
      await rm(temporary);
      return ref;
    }
    await mkdir(folder(ref.digest), { recursive: true });
    if (!(await exists(`${target}.type`))) {
      const type = join(dir, 'tmp', randomUUID());
      await writeDurably(type, (file) => file.writeFile(ref.mediaType));
      await rename(type, `${target}.type`);
    }
    await rename(temporary, target);
    await syncFolder(folder(ref.digest));
    return ref;
  };

  const store = async (source: Readable, mediaType: string): Promise<ArtefactRef> => {
    await mkdir(join(dir, 'tmp'), { recursive: true });
    const temporary = join(dir, 'tmp', randomUUID());
    const hash = createHash('sha256');
    let size = 0;
    try {
      await writeDurably(temporary, async (file) => {
        for await (const chunk of source as AsyncIterable<Buffer>) {
          hash.update(chunk);
          size += chunk.length;
          await file.writeFile(chunk);
        }
      });
      return await adopt(temporary, { digest: `sha256:${hash.digest('hex')}`, size, mediaType });
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  };

  const verified = async (digest: string): Promise<Readable> => {
    if ((await sizeOf(digest)) === undefined) throw missing(digest);
    const checked = verifier(digest);
    // A failure of either end destroys both; the reader sees it as the error of what is returned.
    pipe(createReadStream(pathOf(digest)), checked, () => undefined);
    return checked;
  };

  return {
    put: async (bytes, mediaType) => store(Readable.from([Buffer.from(bytes)]), mediaType),
    putFile: async (path, mediaType) => store((await open(path)).createReadStream(), mediaType),
    putStream: store,
    read: async (digest) => {
      const bytes = await readFile(pathOf(digest)).catch((error: unknown) => {
        throw isMissing(error) ? missing(digest) : error;
      });
      if (digestOf(bytes) !== digest) throw corrupt(digest);
      return bytes;
    },
    stream: verified,
    toFile: async (digest, path) => {
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${randomUUID()}.part`;
      try {
        const source = await verified(digest);
        const file = await open(temporary, 'wx');
        await pipeline(source, file.createWriteStream());
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    has: async (digest) => (await sizeOf(digest)) !== undefined,
    stat: async (digest) => {
      const size = await sizeOf(digest);
      if (size === undefined) return undefined;
      return { digest, size, mediaType: await readFile(`${pathOf(digest)}.type`, 'utf8') };
    },
    remove: async (digest) => {
      await rm(pathOf(digest), { force: true });
      await rm(`${pathOf(digest)}.type`, { force: true });
    },
  };
}

async function writeDurably(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o444);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}
