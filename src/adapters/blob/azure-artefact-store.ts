import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline as pipe, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { RestError } from '@azure/storage-blob';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { Meter } from '../../base/meter.ts';
import { withTempFolder } from '../../base/temp-folder.ts';
import type { ArtefactRef } from '../../contracts/artefact.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import { artefactPath, missing, verifier } from './artefact-parts.ts';

/**
 * An Azure Blob container as artefact store: `PREFIX/sha256/ab/cdef…`, the media type as content
 * type. A blob is committed as a whole, after its digest is known, so no reader sees a part of it;
 * what is read is checked on the way.
 */
export function createAzureArtefactStore(container: ContainerClient, prefix = ''): ArtefactStore {
  const blobOf = (digest: string): BlockBlobClient =>
    container.getBlockBlobClient(`${prefix}${artefactPath(digest)}`);

  const stat = async (digest: string): Promise<ArtefactRef | undefined> => {
    try {
      const { contentLength, contentType } = await blobOf(digest).getProperties();
      return { digest, size: contentLength ?? 0, mediaType: contentType ?? 'application/octet-stream' };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  };

  /**
   * The digest is the name, so the bytes go to a local file first; one that is there already is not
   * sent again.
   */
  const store = (source: Readable, mediaType: string): Promise<ArtefactRef> =>
    withTempFolder(async (folder) => {
      const local = join(folder, 'bytes');
      const meter = new Meter();
      await pipeline(source, meter, createWriteStream(local));
      const ref = { digest: meter.digest, size: meter.size, mediaType };
      if ((await stat(ref.digest))?.size === ref.size) return ref;
      await blobOf(ref.digest).uploadFile(local, { blobHTTPHeaders: { blobContentType: mediaType } });
      return ref;
    });

  const verified = async (digest: string): Promise<Readable> => {
    const found = await blobOf(digest)
      .download(0)
      .catch((error: unknown) => {
        throw isStatus(error, 404) ? missing(digest) : error;
      });
    const checked = verifier(digest);
    // A failure of either end destroys both; the reader sees it as the error of what is returned.
    pipe(Readable.from(found.readableStreamBody ?? []), checked, () => undefined);
    return checked;
  };

  return {
    put: async (bytes, mediaType) => store(Readable.from([Buffer.from(bytes)]), mediaType),
    putFile: async (path, mediaType) => {
      const file = await open(path);
      return store(createReadStream(path, { fd: file }), mediaType);
    },
    putStream: store,
    read: async (digest) => buffer(await verified(digest)),
    stream: verified,
    toFile: async (digest, path) => {
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${randomUUID()}.part`;
      try {
        await pipeline(await verified(digest), createWriteStream(temporary, { flags: 'wx' }));
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    has: async (digest) => (await stat(digest)) !== undefined,
    stat,
    remove: async (digest) => {
      await blobOf(digest).deleteIfExists({ deleteSnapshots: 'include' });
    },
  };
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof RestError && error.statusCode === status;
}
