import type { Readable } from 'node:stream';
import type { ArtefactRef } from '../contracts/artefact.ts';

/**
 * Content-addressed bytes: the name of an artefact is the digest of its content, so a put is
 * idempotent.
 */
export interface ArtefactStore {
  put(bytes: Uint8Array | string, mediaType: string): Promise<ArtefactRef>;
  putFile(path: string, mediaType: string): Promise<ArtefactRef>;
  /** Stores bytes as they come; nothing is kept when the source fails. */
  putStream(source: Readable, mediaType: string): Promise<ArtefactRef>;
  /** The whole artefact; throws NOT_FOUND, or ARTEFACT_CORRUPT when the bytes no longer match. */
  read(digest: string): Promise<Buffer>;
  stream(digest: string): Promise<Readable>;
  /** Writes the artefact to a new file, by link or copy. */
  toFile(digest: string, path: string): Promise<void>;
  has(digest: string): Promise<boolean>;
  /** Size and media type (as the first put gave it) of a stored artefact, without reading it. */
  stat(digest: string): Promise<ArtefactRef | undefined>;
  /** Removes the bytes for good, if they are there; only retention does so. */
  remove(digest: string): Promise<void>;
}
