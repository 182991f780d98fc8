/** One file of a project: path relative to its folder, with `/`. A link's content is its target. */
export interface ProjectFile {
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'link';
  readonly content: Buffer;
}

/** A project folder as it is in one commit, or (dirty) as it lies on disk. */
export interface SourceTree {
  /** Folder or URL (without credentials) of the repository. */
  readonly repository: string;
  readonly subfolder: string;
  readonly commit: string;
  /** Files that differ from the commit, with git's two status letters; empty unless dirty. */
  readonly changed: readonly string[];
  readonly files: readonly ProjectFile[];
  /** Deterministic tar of the files. */
  readonly bundle: Buffer;
}

/** Where training projects come from. */
export interface SourceControl {
  /**
   * The project folder at a ref; with uncommitted changes and `HEAD`: TREE_DIRTY, or what lies on
   * disk when they are allowed, or the commit all the same when the tree is to be ignored. Also
   * throws PROJECT_NOT_FOUND, PROJECT_INVALID, SOURCE_UNREACHABLE.
   */
  checkout(
    request: {
      readonly project: string;
      readonly ref: string;
      readonly allowDirty: boolean;
      readonly ignoreTree?: boolean;
    },
    signal?: AbortSignal,
  ): Promise<SourceTree>;
  readBundle(bundle: Buffer): Promise<ProjectFile[]>;
  /** Writes a bundle's files below an empty folder. */
  unpack(bundle: Buffer, folder: string): Promise<void>;
}
