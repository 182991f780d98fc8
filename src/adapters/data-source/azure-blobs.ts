import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { RestError } from '@azure/storage-blob';
import type { BlobItem, ContainerClient } from '@azure/storage-blob';
import { firstLineOf } from '../../base/error-message.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { DataSource, SourceFile } from '../../ports/data-source.ts';
import { openBlobService } from '../blob/azure-service.ts';
import type { AzureAccess } from '../blob/azure-service.ts';
import { byPath, changed, isDataFile, isHidden, isSafePath } from './data-files.ts';

interface BlobPlace {
  readonly account: string;
  readonly container: string;
  readonly prefix: string;
  readonly endpoint?: string;
}

/**
 * CSV and Parquet blobs below a prefix (a folder, or one blob). Each is downloaded when it is read,
 * on the condition that its ETag is still the listed one. Throws DATA_NOT_FOUND, SOURCE_UNREACHABLE
 * or CONFIG_INVALID.
 */
export async function openAzureBlobs(place: BlobPlace, access: AzureAccess): Promise<DataSource> {
  const container = openBlobService(place, access).getContainerClient(place.container);
  const folder = place.prefix.replace(/\/+$/, '');
  const name = `az://${place.account}/${place.container}/${folder}`;
  const files = await list(container, { folder, name });
  if (files.length === 0)
    throw new WindlassError('DATA_NOT_FOUND', `There is no .csv or .parquet blob below ${name}.`);
  const local = await mkdtemp(join(tmpdir(), 'windlass-blobs-'));
  const numbers = new Map(files.map(({ path }, i) => [path, i]));
  return {
    name,
    files,
    withFile: async (file, work) => {
      const target = join(local, `${numbers.get(file.path)}${extname(file.path)}`);
      const blob = container.getBlobClient(blobName(folder, file.path));
      try {
        await blob
          .downloadToFile(target, 0, undefined, { conditions: { ifMatch: file.stamp } })
          .catch((error: unknown) => {
            const gone = error instanceof RestError && [404, 412].includes(error.statusCode ?? 0);
            throw gone ? changed(file.path) : unreachable(name, error);
          });
        return await work(target);
      } finally {
        await rm(target, { force: true });
      }
    },
    close: () => rm(local, { recursive: true, force: true }),
  };
}

async function list(
  container: ContainerClient,
  { folder, name }: { folder: string; name: string },
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  try {
    for await (const blob of container.listBlobsFlat({ prefix: folder })) {
      const path = pathBelow(folder, blob.name);
      if (path !== undefined && isDataFile(path) && !isHidden(path)) files.push(listed(path, blob));
    }
  } catch (error) {
    throw unreachable(name, error);
  }
  return files.sort(byPath);
}

/** `pumps` means the blob `pumps` or all below `pumps/`, never `pumps-old/…`. */
function pathBelow(folder: string, name: string): string | undefined {
  if (folder === '') return name;
  if (name === folder) return basename(name);
  return name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : undefined;
}

function blobName(folder: string, path: string): string {
  if (folder === '') return path;
  return basename(folder) === path && isDataFile(folder) ? folder : `${folder}/${path}`;
}

function listed(path: string, { properties }: BlobItem): SourceFile {
  const problem = !isSafePath(path)
    ? 'has a name that is no path inside a folder'
    : properties.accessTier === 'Archive'
      ? 'is in the archive tier: bring it back first'
      : undefined;
  return {
    path,
    size: properties.contentLength ?? 0,
    stamp: properties.etag,
    settled: true,
    problem,
  };
}

/** Whatever the SDK threw: no such container, no access, no identity, no network. */
function unreachable(name: string, error: unknown): WindlassError {
  const rest = error instanceof RestError ? error : undefined;
  if (rest?.statusCode === 404)
    return new WindlassError('DATA_NOT_FOUND', `There is no container for ${name}.`, { cause: error });
  const said = rest?.code ?? firstLineOf(error);
  return new WindlassError('SOURCE_UNREACHABLE', `${name} cannot be read: ${said}`, {
    cause: error,
    hint: 'Check the account and the access: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_SAS_TOKEN, or an identity with the role Storage Blob Data Reader.',
  });
}
