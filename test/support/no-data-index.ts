import type { DataIndex } from '../../src/ports/data-index.ts';

/** An index that remembers nothing: every file is read. */
export const noDataIndex: DataIndex = {
  read: async () => new Map(),
  write: async () => undefined,
};
