import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { OciLayoutStore } from '../oci/layout-store.ts';
import { OCI } from '../oci/media-types.ts';
import type { ImageConfig, ImageIndex, ImageManifest } from '../oci/media-types.ts';
import { jsonBlob } from '../../base/digest.ts';
import { followProgress, isAbsent, within } from './engine.ts';

/** Repository of the images that are on the engine for a test only. */
export const TEST_REPOSITORY = 'windlass-test';

const blobName = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;

/**
 * Brings one platform's image from the OCI layout to the engine, unless it is there, and returns
 * its name there. Layers that an image on the engine already has are not sent again. Throws
 * PACKAGING_FAILED.
 */
export async function loadImage(
  docker: Docker,
  store: OciLayoutStore,
  image: { digest: string; name: string },
): Promise<string> {
  const tag = `${TEST_REPOSITORY}/${image.name}:${image.digest.slice(7, 19)}`;
  const manifest = await store.readJson<ImageManifest>(image.digest);
  const config = await store.readJson<ImageConfig>(manifest.config.digest);
  if (await isLoaded(docker, tag, config)) return tag;
  const present = await presentLayers(docker, config.rootfs.diff_ids);
  if (present > 0) {
    // An engine that keeps images in another way may insist on all layers; then they are sent.
    const shortened = await send({ docker, store, manifest, digest: image.digest, tag, skip: present }).catch(
      () => false,
    );
    if (shortened && (await isLoaded(docker, tag, config))) return tag;
  }
  await send({ docker, store, manifest, digest: image.digest, tag, skip: 0 });
  if (await isLoaded(docker, tag, config)) return tag;
  throw new WindlassError(
    'PACKAGING_FAILED',
    `The engine took the image ${tag}, but it is not there afterwards.`,
  );
}

async function isLoaded(docker: Docker, tag: string, config: ImageConfig): Promise<boolean> {
  try {
    const found = await within(15_000, `look for ${tag}`, docker.getImage(tag).inspect());
    return sameList(found.RootFS.Layers ?? [], config.rootfs.diff_ids);
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** How many of the lowest layers some image on the engine has in the same order. */
async function presentLayers(docker: Docker, diffIds: readonly string[]): Promise<number> {
  const reference = { reference: [`${TEST_REPOSITORY}/*`] };
  const images = await within(15_000, 'list images', docker.listImages({ filters: reference }));
  let most = 0;
  for (const { Id } of images) {
    const found = await docker
      .getImage(Id)
      .inspect()
      .catch(() => undefined);
    const layers = found?.RootFS.Layers ?? [];
    const differ = diffIds.findIndex((diffId, i) => layers[i] !== diffId);
    most = Math.max(most, differ === -1 ? diffIds.length : differ);
  }
  return most;
}

interface Sending {
  readonly docker: Docker;
  readonly store: OciLayoutStore;
  readonly manifest: ImageManifest;
  readonly digest: string;
  readonly tag: string;
  /** Lowest layers that are left out. */
  readonly skip: number;
}

/**
 * Sends the image as one tar that is both what `docker save` writes and an OCI layout, so that old
 * and new engines take it.
 */
async function send(sending: Sending): Promise<boolean> {
  const { docker, manifest, digest, tag, skip } = sending;
  const tar = pack();
  const files = [manifest.config.digest, ...manifest.layers.slice(skip).map((l) => l.digest)];
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: OCI.index,
    manifests: [
      {
        mediaType: OCI.manifest,
        digest,
        size: jsonBlob(manifest).size,
        annotations: {
          'io.containerd.image.name': tag,
          'org.opencontainers.image.ref.name': tag.split(':')[1] ?? '',
        },
      },
    ],
  };
  const dockerManifest = [
    {
      Config: blobName(manifest.config.digest),
      RepoTags: [tag],
      Layers: manifest.layers.map((layer) => blobName(layer.digest)),
    },
  ];
  const write = async (): Promise<void> => {
    tar.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    tar.entry({ name: 'index.json' }, JSON.stringify(index));
    tar.entry({ name: 'manifest.json' }, JSON.stringify(dockerManifest));
    tar.entry({ name: blobName(digest) }, await readFile(await sending.store.blobPath(digest)));
    for (const file of new Set(files)) await addBlob(tar, file, await sending.store.blobPath(file));
    tar.finalize();
  };
  write().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  const stream = await within(
    600_000,
    `load ${tag}`,
    docker.loadImage(Readable.from(tar, { objectMode: false }), { quiet: true }),
  );
  await followProgress(docker, stream, { what: `Loading ${tag}`, timeoutMs: 600_000 });
  return true;
}

async function addBlob(tar: ReturnType<typeof pack>, digest: string, path: string): Promise<void> {
  const { size } = await stat(path);
  await new Promise<void>((resolve, reject) => {
    const sink = tar.entry({ name: blobName(digest), size }, (error) => (error ? reject(error) : resolve()));
    createReadStream(path, { highWaterMark: 1 << 20 })
      .once('error', reject)
      .pipe(sink as unknown as NodeJS.WritableStream);
  });
}

/**
 * Removes the test images of one model but for `keep`; one that is in use stays. Gives the number
 * removed.
 */
export async function removeOldImages(docker: Docker, name: string, keep: string): Promise<number> {
  const reference = { reference: [`${TEST_REPOSITORY}/${name}`] };
  const images = await within(15_000, 'list images', docker.listImages({ filters: reference }));
  const old = images.flatMap((image) => image.RepoTags ?? []).filter((tag) => tag !== keep);
  const results = await Promise.allSettled(old.map((tag) => docker.getImage(tag).remove()));
  return results.filter((result) => result.status === 'fulfilled').length;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
