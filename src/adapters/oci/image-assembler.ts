import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WindlassError } from '../../errors/windlass-error.ts';
import type {
  AssembledImage,
  AssembledLayer,
  AssembledPlatform,
  ImageAssembler,
  ImageEntry,
  ImageSpec,
  LayerName,
} from '../../ports/image-assembler.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import type { EnvironmentBuilder } from './environment.ts';
import { imageIndex, imageManifest } from './image-config.ts';
import type { LayerCache } from './layer-cache.ts';
import type { OciLayoutStore } from './layout-store.ts';
import { OCI } from './media-types.ts';
import { npmEntries } from './npm-packages.ts';
import { machinePlatform } from './platform.ts';
import { bundleServer, type ServerFiles } from './server-bundle.ts';

interface ImageAssemblerOptions {
  readonly store: OciLayoutStore;
  readonly cache: LayerCache;
  readonly environment: EnvironmentBuilder;
  readonly server: ServerFiles;
  /** A registry that every image is copied to. */
  readonly push?: ImageStore;
}

type Progress = (message: string) => void;

/**
 * Assembles images into an OCI layout folder and, when `push` is given, copies them to a registry.
 */
export function createImageAssembler(options: ImageAssemblerOptions): ImageAssembler {
  const { store, cache, server, push } = options;
  const layer = async (
    name: LayerName,
    entries: readonly ImageEntry[],
    signal?: AbortSignal,
  ): Promise<AssembledLayer> => {
    const made = await cache.layerOf(entries, signal);
    return { name, ...made.layer, reused: made.reused };
  };

  const platformImage = async (
    platform: string,
    spec: ImageSpec,
    { signal, progress }: { signal?: AbortSignal; progress: Progress },
  ): Promise<AssembledPlatform & { manifestSize: number }> => {
    const runtime = await npmEntries({ packages: server.packages, root: server.root, platform });
    const environment = await options.environment.build({ platform, runtime, signal, progress });
    const layers: AssembledLayer[] = environment.layers.map((made) => ({
      name: 'environment',
      ...made,
      reused: environment.reused,
    }));
    progress(`${platform}: runtime layer`);
    layers.push(await layer('runtime', runtime, signal));
    progress(`${platform}: server, entry and model layers`);
    layers.push(await layer('server', await bundleServer(server), signal));
    layers.push(await layer('entry', spec.entry, signal));
    layers.push(await layer('model', spec.model, signal));
    const { config, manifest } = imageManifest({
      platform,
      layers,
      labels: spec.labels,
      baseEnv: environment.env,
      env: server.env,
    });
    await storeBytes(store, config);
    await store.putManifest(repositoryOf(push ?? store, spec), { ...manifest, mediaType: OCI.manifest });
    return {
      platform,
      digest: manifest.digest,
      layers: layers.map((l) => l.digest),
      size: layers.reduce((sum, l) => sum + l.size, config.size + manifest.size),
      detail: layers,
      manifestSize: manifest.size,
    };
  };

  return {
    assemble: async (spec, { signal, progress = () => undefined } = {}) => {
      const platforms = [...new Set(spec.platforms ?? [machinePlatform()])].sort();
      if (platforms.length === 0)
        throw new WindlassError('INPUT_INVALID', 'No platform is named; expected e.g. ["linux/amd64"].');
      const images: Array<AssembledPlatform & { manifestSize: number }> = [];
      for (const platform of platforms)
        images.push(await platformImage(platform, spec, { signal, progress }));
      const index = imageIndex(
        images.map((i) => ({ platform: i.platform, digest: i.digest, size: i.manifestSize })),
      );
      const repository = repositoryOf(push ?? store, spec);
      await store.putManifest(repository, { ...index, mediaType: OCI.index, tag: spec.tag });
      const assembled: AssembledImage = {
        digest: index.digest,
        repository,
        reference: `${repository}@${index.digest}`,
        platforms: images.map(({ manifestSize: _, ...image }) => image),
      };
      if (push !== undefined) {
        progress(`pushing to ${repository}`);
        await copyImage({ from: store, to: push, repository, image: assembled, tag: spec.tag });
      }
      return assembled;
    },
  };
}

function repositoryOf(store: ImageStore, spec: ImageSpec): string {
  return `${store.prefix}/${spec.name}`;
}

async function storeBytes(store: OciLayoutStore, blob: { bytes: Buffer; digest: string }): Promise<void> {
  if (await store.hasBlob(blob.digest)) return;
  await mkdir(store.scratch, { recursive: true });
  const path = join(store.scratch, randomUUID());
  await writeFile(path, blob.bytes, { flush: true });
  await store.adoptBlob(blob.digest, path);
}

/** Copies what the other store lacks: layers first, then manifests, last the index with its tag. */
async function copyImage(options: {
  from: OciLayoutStore;
  to: ImageStore;
  repository: string;
  image: AssembledImage;
  tag: string;
}): Promise<void> {
  const { from, to, repository, image, tag } = options;
  const copyManifest = async (digest: string, mediaType: string, as?: string): Promise<void> => {
    const bytes = Buffer.from(JSON.stringify(await from.readJson<unknown>(digest)));
    await to.putManifest(repository, { digest, bytes, mediaType, tag: as });
  };
  for (const platform of image.platforms) {
    const manifest = await from.readJson<{ config: { digest: string } }>(platform.digest);
    for (const digest of [...platform.layers, manifest.config.digest])
      if (!(await to.hasBlob(digest, repository)))
        await to.putBlob(digest, await from.blobPath(digest), repository);
    await copyManifest(platform.digest, OCI.manifest);
  }
  await copyManifest(image.digest, OCI.index, tag);
}
