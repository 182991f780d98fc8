import { readSource } from '../../domain/data/source-notation.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { systemClock } from '../../base/clock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DataSources } from '../../ports/data-source.ts';
import type { AzureAccess } from '../blob/azure-service.ts';
import { openLocalFiles } from './local-files.ts';

/** Opens data sources by their notation; the SDKs that a source needs are loaded with it. */
export function createDataSources(azure: AzureAccess = {}, clock: Clock = systemClock): DataSources {
  return {
    open: async (source, { cwd, timestamp }) => {
      const notation = readSource(source);
      switch (notation.kind) {
        case 'files':
          return openLocalFiles(notation.path, { cwd, clock });
        case 'azure':
          return (await import('./azure-blobs.ts')).openAzureBlobs(notation, azure);
        case 'query':
          return (await import('./query-rows.ts')).openQuery(notation, { cwd, timestamp });
        case 'wrong':
          throw new WindlassError('INPUT_INVALID', `"${source}" is not a data source.`, {
            hint: `Expected a path, sql:QUERY.sql#FOLDER, or ${notation.problem}.`,
          });
      }
    },
  };
}
