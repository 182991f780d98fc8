import type { WindlassConfig } from '../../config/schema.ts';
import { readSource } from '../../domain/data/source-notation.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import { createFileArtefactStore } from './file-artefact-store.ts';

/**
 * The artefact store that the configuration names: a container of Azure Blob, or a folder. Throws
 * CONFIG_INVALID.
 */
export async function openArtefactStore({
  artefacts,
  azure,
}: Pick<WindlassConfig, 'artefacts' | 'azure'>): Promise<ArtefactStore> {
  if (artefacts.url === undefined) return createFileArtefactStore(artefacts.dir);
  const place = readSource(artefacts.url);
  if (place.kind !== 'azure')
    throw new WindlassError('CONFIG_INVALID', `artefacts.url: "${artefacts.url}" is no container.`, {
      hint: 'Expected az://ACCOUNT/CONTAINER or az://ACCOUNT/CONTAINER/PREFIX.',
    });
  const [{ openBlobService }, { createAzureArtefactStore }] = await Promise.all([
    import('./azure-service.ts'),
    import('./azure-artefact-store.ts'),
  ]);
  const container = openBlobService(place, azure).getContainerClient(place.container);
  const folder = place.prefix.replace(/\/+$/, '');
  return createAzureArtefactStore(container, folder === '' ? '' : `${folder}/`);
}
