/** A file of a data source as it was listed. */
export interface SourceFile {
  /** Relative to the source, with `/`; a file given by itself has its base name. */
  readonly path: string;
  readonly size: number;
  /** Equal stamps mean equal content: size, times and inode of a local file, ETag of a blob. */
  readonly stamp: string;
  /**
   * False while a write that changes the content but not the stamp is possible: the file must be
   * read again next time.
   */
  readonly settled: boolean;
  /** Why the file cannot be taken, e.g. "is a named pipe". */
  readonly problem?: string;
}

/** A data source that was listed. */
export interface DataSource {
  /** Its canonical name: the absolute path, or the address without secrets. */
  readonly name: string;
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  /**
   * Gives work a local copy of a file, or the file itself. Throws DATA_INVALID when it changed
   * since it was listed or meanwhile.
   */
  withFile<T>(file: SourceFile, work: (local: string) => Promise<T>): Promise<T>;
  /** Removes what was made for it. */
  close(): Promise<void>;
}

export interface DataSources {
  /**
   * Lists the CSV and Parquet files of a source, relative to `cwd`; hidden ones are left out. The
   * rows of a query are ordered by the column `timestamp`. Throws DATA_NOT_FOUND, or INPUT_INVALID
   * for a notation that nothing reads.
   */
  open(source: string, options: { readonly cwd: string; readonly timestamp: string }): Promise<DataSource>;
}
