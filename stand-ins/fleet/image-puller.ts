import { cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { IMAGE_LAYOUT } from '../../src/contracts/device/model-manifest.ts';
import { fetchLayer, hexOf } from './oci-layer.ts';
import { PullError } from './pull-error.ts';
import { digestOf } from '../../src/base/digest.ts';

const descriptor = z.looseObject({ digest: z.string(), size: z.number().int() });
const platformSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});
const indexSchema = z.looseObject({
  manifests: z.array(descriptor.extend({ platform: platformSchema.optional() })),
});
const manifestSchema = z.looseObject({ config: descriptor, layers: z.array(descriptor).min(1) });

export interface PulledImage {
  /** Folder with `windlass/model` and `windlass/entry`. */
  readonly folder: string;
  /**
   * Digest of the image's configuration: its id on the device, which the agent reports as
   * `imageHash`.
   */
  readonly imageHash: string;
}

export interface ImagePuller {
  /**
   * Resolves `repository@sha256:…` of an index or manifest for a platform; rejects with PullError.
   */
  pull(reference: string, platform: string): Promise<PulledImage>;
}

/** Reads a JSON blob and verifies its digest. */
async function readBlob(blobs: string, digest: string): Promise<unknown> {
  const bytes = await readFile(join(blobs, hexOf(digest))).catch(() => {
    throw new PullError(`manifest unknown: ${digest}`);
  });
  const actual = digestOf(bytes);
  if (actual !== digest) throw new PullError(`failed to verify manifest ${digest}: it has digest ${actual}`);
  return JSON.parse(bytes.toString('utf8'));
}

async function resolveManifest(
  blobs: string,
  digest: string,
  platform: string,
): Promise<{ digest: string; manifest: z.infer<typeof manifestSchema> }> {
  const document = await readBlob(blobs, digest);
  const manifest = manifestSchema.safeParse(document);
  if (manifest.success) return { digest, manifest: manifest.data };
  const index = indexSchema.safeParse(document);
  if (!index.success) throw new PullError(`${digest} is neither an image manifest nor an index`);
  const own = index.data.manifests.find(({ platform: p }) => {
    const name = p && [p.os, p.architecture, p.variant].filter((part) => part !== undefined).join('/');
    return name === platform || (p && `${p.os}/${p.architecture}` === platform);
  });
  if (!own) throw new PullError(`no matching manifest for ${platform} in the manifest list entries`);
  const found = manifestSchema.safeParse(await readBlob(blobs, own.digest));
  if (!found.success) throw new PullError(`${own.digest} is not an image manifest`);
  return { digest: own.digest, manifest: found.data };
}

/**
 * Pulls from an OCI layout folder into a cache that all virtual devices share; each digest is
 * fetched and verified once.
 */
export function createImagePuller(images: string, cache: string): ImagePuller {
  const blobs = join(images, 'blobs', 'sha256');
  const layers = join(cache, 'layers');
  const ready = new Map<string, Promise<PulledImage>>();

  const assemble = async (digest: string, platform: string): Promise<PulledImage> => {
    const { digest: manifestDigest, manifest } = await resolveManifest(blobs, digest, platform);
    const folder = join(cache, 'images', hexOf(manifestDigest));
    const pulled = { folder, imageHash: manifest.config.digest };
    if (await stat(join(folder, 'complete')).catch(() => undefined)) return pulled;
    await readBlob(blobs, manifest.config.digest);
    await mkdir(layers, { recursive: true });
    const temporary = `${folder}.part-${process.pid}`;
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    for (const layer of manifest.layers) {
      const unpacked = await fetchLayer(blobs, layers, layer);
      await cp(join(unpacked, 'windlass'), join(temporary, 'windlass'), { recursive: true }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error; // a layer without anything of ours
        },
      );
    }
    for (const path of [IMAGE_LAYOUT.model, IMAGE_LAYOUT.manifest, IMAGE_LAYOUT.entry])
      if (!(await stat(join(temporary, path)).catch(() => undefined)))
        throw new PullError(`the image has no /${path}`);

    await writeFile(join(temporary, 'package.json'), '{"type":"module"}');
    await writeFile(join(temporary, 'complete'), manifestDigest);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    return pulled;
  };

  return {
    pull(reference, platform) {
      const digest = /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
      if (digest === undefined)
        return Promise.reject(new PullError(`invalid reference format: ${reference}`));
      const key = `${digest} ${platform}`;
      let pulling = ready.get(key);
      if (!pulling) {
        pulling = assemble(digest, platform);
        ready.set(key, pulling);
        pulling.catch(() => ready.delete(key));
      }
      return pulling;
    },
  };
}
