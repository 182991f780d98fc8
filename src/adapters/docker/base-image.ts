import type Docker from 'dockerode';
import { WindlassError } from '../../errors/windlass-error.ts';
import { splitPlatform } from '../oci/platform.ts';
import { followProgress, isAbsent, within } from './engine.ts';

export interface BaseImage {
  readonly id: string;
  /** How many layers it has. */
  readonly layers: number;
  readonly env: readonly string[];
}

/**
 * The base image on the engine, pulled for the platform when it is not there; throws
 * PACKAGING_FAILED naming the image.
 */
export async function findBaseImage(
  docker: Docker,
  options: { reference: string; platform: string; progress?: (message: string) => void },
): Promise<BaseImage> {
  const { reference, platform, progress } = options;
  const local = await inspect(docker, options);
  if (local !== undefined) return local;
  progress?.(`pulling ${reference} for ${platform}`);
  try {
    const stream = await within(60_000, `pull ${reference}`, docker.pull(reference, { platform }));
    await followProgress(docker, stream, { what: `The pull of ${reference}`, timeoutMs: 900_000 });
  } catch (cause) {
    throw new WindlassError(
      'PACKAGING_FAILED',
      `The base image ${reference} for ${platform} is not on the engine and cannot be pulled: ${(cause as Error).message}`,
      { hint: 'Correct packaging.baseImage, or check the network and the registry.', cause },
    );
  }
  const pulled = await inspect(docker, options);
  if (pulled !== undefined) return pulled;
  throw new WindlassError('PACKAGING_FAILED', `The base image ${reference} does not exist for ${platform}.`, {
    hint: `Leave ${platform} out, or name a base image that exists for it.`,
    details: { reference, platform },
  });
}

async function inspect(
  docker: Docker,
  { reference, platform }: { reference: string; platform: string },
): Promise<BaseImage | undefined> {
  try {
    const found = await within(15_000, `look for ${reference}`, docker.getImage(reference).inspect());
    const wanted = splitPlatform(platform);
    if (found.Os !== wanted.os || found.Architecture !== wanted.architecture) return undefined;
    return { id: found.Id, layers: found.RootFS.Layers?.length ?? 0, env: found.Config.Env ?? [] };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
