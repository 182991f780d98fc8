import type { DataRef, DataSet, DataSetFile } from '../../contracts/data/data-set.ts';

/** Data sets that builds used. */
export interface DataSetRegistry {
  recordData(
    data: DataRef,
    files: readonly DataSetFile[],
    /** Pipeline that used it: a later run of it without a data source takes the same source. */
    usedBy?: string,
  ): Promise<void>;
  /** The data that the last run of a pipeline used. */
  lastData(pipeline: string): Promise<DataRef | undefined>;
  /** Data sets, newest first. */
  dataSets(filter?: { limit?: number }): Promise<DataSet[]>;
  /**
   * One by its digest, or by a beginning of it that only one has; throws CONFLICT when several
   * have.
   */
  dataSet(digest: string): Promise<(DataSet & { readonly fileList: readonly DataSetFile[] }) | undefined>;
}
