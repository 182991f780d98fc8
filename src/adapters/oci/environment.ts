import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import type { Layer } from './layer.ts';
import type { LayerCache } from './layer-cache.ts';
import { machineEnvironment } from './machine-environment.ts';
import { nativeFiles } from './npm-packages.ts';
import { machinePlatform } from './platform.ts';

export interface EnvironmentRequest {
  readonly platform: string;
  /** The runtime layer's files: what the environment must be able to load. */
  readonly runtime: readonly ImageEntry[];
  readonly signal?: AbortSignal;
  readonly progress?: (message: string) => void;
}

/** The lowest layers of an image: Node and the system libraries. */
export interface Environment {
  readonly layers: readonly Layer[];
  /** Environment variables that the base image sets (`NAME=value`). */
  readonly env: readonly string[];
  readonly reused: boolean;
}

/** Makes the environment layers of a platform; equal inputs give equal layers. */
export interface EnvironmentBuilder {
  build(request: EnvironmentRequest): Promise<Environment>;
}

/**
 * The environment of this machine's own files; throws INPUT_INVALID for a platform that is not this
 * machine's.
 */
export function createMachineEnvironment(cache: LayerCache): EnvironmentBuilder {
  return {
    build: async ({ platform, runtime, signal, progress }) => {
      requireMachinePlatform(platform);
      progress?.('environment layer from the files of this machine');
      const entries = await machineEnvironment(nativeFiles(runtime));
      const { layer, reused } = await cache.layerOf(entries, signal);
      return { layers: [layer], env: [], reused };
    },
  };
}

/** Refuses a platform whose programs this machine does not have. */
export function requireMachinePlatform(platform: string): void {
  const own = machinePlatform();
  if (platform === own) return;
  throw new WindlassError(
    'INPUT_INVALID',
    `The platform ${platform} cannot be packaged here: this machine is ${own}, and there is no base image with Node for ${platform}.`,
    {
      hint: `Leave ${platform} out, or set packaging.baseImage to an image with Node 24 that exists for ${platform}.`,
      details: { platform, machine: own, missing: `base image for ${platform}` },
    },
  );
}
