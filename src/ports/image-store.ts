/** Where finished images live: an OCI layout folder by default, or a registry. */
export interface ImageStore {
  /** Repository prefix of references, e.g. "localhost/windlass". */
  readonly prefix: string;
  /** A registry keeps blobs per repository; a folder does not care. */
  hasBlob(digest: string, repository?: string): Promise<boolean>;
  putBlob(digest: string, path: string, repository?: string): Promise<void>;
  /** Writes an index or manifest under its digest and, if given, a tag. */
  putManifest(
    repository: string,
    manifest: { digest: string; bytes: Uint8Array; mediaType: string; tag?: string },
  ): Promise<void>;
  /** Local path of a blob, downloading it first if need be. */
  blobPath(digest: string, repository?: string): Promise<string>;
}
