import type { PlatformImage } from '../contracts/packaging/image.ts';

/**
 * One thing inside an image; `path` is relative to the image's root, with `/`, and never leaves it.
 */
export type ImageEntry =
  | {
      readonly type: 'file';
      readonly path: string;
      /** The bytes, or a file of this machine that holds them. */
      readonly content: Uint8Array | { readonly file: string };
      /** Permission bits; 0o644 when absent. */
      readonly mode?: number;
    }
  | { readonly type: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string };

/** The layers of every image, from the one that changes least to the one that changes most. */
export const LAYER_NAMES = ['environment', 'runtime', 'server', 'entry', 'model'] as const;
export type LayerName = (typeof LAYER_NAMES)[number];

/**
 * What is particular to one model version; the environment, runtime and server layers are the
 * assembler's own.
 */
export interface ImageSpec {
  /** Last part of the repository, e.g. the model's name. */
  readonly name: string;
  readonly tag: string;
  /** e.g. `linux/amd64`; absent: the platform of this machine. */
  readonly platforms?: readonly string[];
  readonly entry: readonly ImageEntry[];
  readonly model: readonly ImageEntry[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface AssembledLayer {
  readonly name: LayerName;
  /** Digest and bytes of the stored (compressed) layer. */
  readonly digest: string;
  readonly size: number;
  /** Digest and bytes of the uncompressed tar. */
  readonly diffId: string;
  readonly unpackedSize: number;
  /** True when the layer was there already for the same inputs. */
  readonly reused: boolean;
}

export interface AssembledPlatform extends PlatformImage {
  readonly detail: readonly AssembledLayer[];
}

export interface AssembledImage {
  readonly digest: string;
  readonly repository: string;
  /** `repository@digest` of the index. */
  readonly reference: string;
  readonly platforms: readonly AssembledPlatform[];
}

/**
 * Builds images layer by layer; the same inputs give the same digests. Errors: INPUT_INVALID,
 * PACKAGING_FAILED, DOCKER_UNAVAILABLE.
 */
export interface ImageAssembler {
  assemble(
    spec: ImageSpec,
    options?: { signal?: AbortSignal; progress?: (message: string) => void },
  ): Promise<AssembledImage>;
}
