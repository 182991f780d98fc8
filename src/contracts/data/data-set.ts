import type { ArtefactRef } from '../artefact.ts';

export interface DataRef {
  readonly digest: string;
  readonly source: string;
  readonly files: number;
  readonly rows: number;
  /**
   * Columns of its files, first and last time (ISO 8601), and how many devices (groups, where none
   * are declared) it is of.
   */
  readonly columns?: readonly string[];
  readonly from?: string | null;
  readonly to?: string | null;
  readonly devices?: number;
  /** The snapshot's manifest (DataManifest) as artefact. */
  readonly manifest: ArtefactRef;
}

/** A file of a data set; `from` and `to` are its first and last time (ISO 8601). */
export interface DataSetFile {
  readonly path: string;
  readonly sha256: string;
  readonly rows: number;
  readonly from?: string | null;
  readonly to?: string | null;
}

/** A data set as `windlass data list` shows it. */
export interface DataSet {
  readonly digest: string;
  readonly source: string;
  readonly files: number;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
  readonly devices: number | null;
  readonly createdAt: string;
}
