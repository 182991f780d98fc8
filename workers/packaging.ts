import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPackagingActivities } from '../activities/packaging/packaging-activities.ts';
import { EDGE_SERVER } from '../edge/package-files.ts';
import { openPackagingTools } from '../src/adapters/docker/packaging-tools.ts';
import { readBundle } from '../src/adapters/git/source-bundle.ts';
import { createOciLayoutStore } from '../src/adapters/oci/layout-store.ts';
import { createRegistryStore } from '../src/adapters/oci/registry-store.ts';
import type { QueueSetup, WorkerContext } from './context.ts';

/** Folder of the installed project: its sources and node_modules go into images. */
const PROJECT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** The `packaging` queue: images in `stateDir/images`, on a Docker Engine where one answers. */
export function createPackagingQueue(context: WorkerContext): QueueSetup {
  const { config, registry, artefacts, logger } = context;
  const { engine, baseImage, registry: remote } = config.packaging;
  const images = join(config.stateDir, 'images');
  const store = createOciLayoutStore(images);
  const push =
    remote === undefined ? undefined : createRegistryStore(remote, join(images, 'tmp', 'registry'));
  const server = { root: PROJECT, ...EDGE_SERVER };
  return {
    activities: createPackagingActivities({
      registry,
      artefacts,
      source: { readBundle },
      tools: () => openPackagingTools({ store, server, engine, baseImage, push }),
      onAssembled: (image, seconds) =>
        logger.info(
          { image: image.reference, seconds, layers: image.platforms.flatMap((p) => p.detail) },
          'image assembled',
        ),
    }),
    // An image build uses all cores and a test measures time: one after the other.
    options: { maxConcurrentActivityTaskExecutions: 1 },
  };
}
