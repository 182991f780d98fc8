import type { ArtefactRef } from '../contracts/artefact.ts';
import type { TableSummary } from '../domain/data/table-summary.ts';

/**
 * What is known of a file of a source that was read before: it need not be read again while its
 * stamp is the same.
 */
export interface IndexedFile {
  readonly stamp: string;
  readonly artefact: ArtefactRef;
  readonly summary: TableSummary;
}

/** What earlier snapshots read, by source and path. Losing it costs time, never truth. */
export interface DataIndex {
  read(source: string): Promise<ReadonlyMap<string, IndexedFile>>;
  write(source: string, files: ReadonlyMap<string, IndexedFile>): Promise<void>;
}
