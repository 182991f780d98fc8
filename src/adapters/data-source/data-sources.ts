import { readSource } from '../../domain/data/source-notation.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { systemClock } from '../../ports/clock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DataSources } from '../../ports/data-source.ts';
import { openLocalFiles } from './local-files.ts';

/** How to get into storage accounts; with neither, the identity that the Azure SDK finds. */
export interface AzureAccess {
  readonly connectionString?: string | undefined;
  readonly sasToken?: string | undefined;
}

/** Opens data sources by their notation; only what one needs is loaded. */
export function createDataSources(_azure: AzureAccess = {}, clock: Clock = systemClock): DataSources {
  return {
    open: async (source, { cwd }) => {
      const notation = readSource(source);
      switch (notation.kind) {
        case 'files':
          return openLocalFiles(notation.path, { cwd, clock });
        case 'azure':
        case 'query':
        case 'wrong':
          throw new WindlassError('INPUT_INVALID', `"${source}" is not a data source.`, {
            hint: `Expected ${notation.kind === 'wrong' ? notation.problem : 'a path'}`,
          });
      }
    },
  };
}
