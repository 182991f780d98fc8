import { IMAGE_LAYOUT } from '../../contracts/device/model-manifest.ts';
import type { AssembledLayer } from '../../ports/image-assembler.ts';
import type { ImageConfig, ImageIndex, ImageManifest } from './media-types.ts';
import { OCI } from './media-types.ts';
import { jsonBlob } from '../../base/digest.ts';
import { splitPlatform } from './platform.ts';

/**
 * User and group that the server runs as: an account without rights, by the number that "nonroot"
 * images use.
 */
export const IMAGE_USER = 65_532;

/** Time stamps would make every build another image; the commit is in the labels. */
const CREATED = '1970-01-01T00:00:00Z';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts the edge module; the lists are joined in the image's configuration. */
const IMAGE_ENTRYPOINT: readonly string[] = ['node', `/${IMAGE_LAYOUT.server}`];

function mergeEnv(base: readonly string[], own: Readonly<Record<string, string>>): string[] {
  const merged = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  for (const line of base) merged.set(line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1));
  for (const [name, value] of Object.entries({ NODE_ENV: 'production', ...own })) merged.set(name, value);
  return [...merged].map(([name, value]) => `${name}=${value}`);
}

interface ImageParts {
  readonly platform: string;
  readonly layers: readonly AssembledLayer[];
  readonly labels: Readonly<Record<string, string>>;
  /** Environment variables of the base image. */
  readonly baseEnv: readonly string[];
  /** Variables of the server; they win over the base image's. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Configuration of one platform's image; keys and labels in a fixed order, so that equal parts give
 * equal bytes.
 */
export function imageConfig({ platform, layers, labels, baseEnv, env }: ImageParts): ImageConfig {
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    created: CREATED,
    ...splitPlatform(platform),
    config: {
      User: `${IMAGE_USER}:${IMAGE_USER}`,
      Env: mergeEnv(baseEnv, env),
      Entrypoint: [...IMAGE_ENTRYPOINT],
      WorkingDir: IMAGE_LAYOUT.root,
      Labels: sorted,
      StopSignal: 'SIGTERM',
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((layer) => ({ created: CREATED, created_by: `windlass: ${layer.name}` })),
  };
}

/** Manifest of one platform's image, and the blob of its configuration. */
export function imageManifest(parts: ImageParts): {
  config: ReturnType<typeof jsonBlob>;
  manifest: ReturnType<typeof jsonBlob>;
} {
  const config = jsonBlob(imageConfig(parts));
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, digest: config.digest, size: config.size },
    layers: parts.layers.map(({ digest, size }) => ({ mediaType: OCI.layer, digest, size })),
  };
  return { config, manifest: jsonBlob(manifest) };
}

/** Index over the images of all platforms, in the order of their names. */
export function imageIndex(
  images: ReadonlyArray<{ platform: string; digest: string; size: number }>,
): ReturnType<typeof jsonBlob> {
  const sorted = [...images].sort((a, b) => (a.platform < b.platform ? -1 : 1));
  const index: ImageIndex = {
    schemaVersion: 2,
    mediaType: OCI.index,
    manifests: sorted.map(({ platform, digest, size }) => ({
      mediaType: OCI.manifest,
      digest,
      size,
      platform: splitPlatform(platform),
    })),
  };
  return jsonBlob(index);
}
