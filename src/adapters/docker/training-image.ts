import type Docker from 'dockerode';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { RuntimeEnvironment } from '../../ports/project-runtime.ts';
import { followProgress, isAbsent, within } from './engine.ts';

const PULL_TIMEOUT_MS = 30 * 60_000;

interface Hooks {
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

async function inspect(docker: Docker, image: string): Promise<Docker.ImageInspectInfo | undefined> {
  try {
    return await within(15_000, `look for ${image}`, docker.getImage(image).inspect());
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function pull(docker: Docker, image: string, { signal, onLine }: Hooks): Promise<void> {
  onLine?.(`pulling ${image}`);
  try {
    const stream = await within(60_000, `pull ${image}`, docker.pull(image, { abortSignal: signal }));
    await followProgress(docker, stream, {
      what: `The pull of ${image}`,
      timeoutMs: PULL_TIMEOUT_MS,
      onLine,
    });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof WindlassError && cause.code === 'DOCKER_UNAVAILABLE') throw cause;
    throw new WindlassError(
      'ENVIRONMENT_FAILED',
      `The image ${image} is not on the engine and cannot be pulled: ${(cause as Error).message}`,
      { hint: 'Correct environment.image in windlass.yaml, or check the network and the registry.', cause },
    );
  }
}

/**
 * The environment that an image is, pulled when the engine does not have it. `image` is
 * `name@sha256:…`, or `sha256:…` for one that is on the engine only; so it is the same image
 * everywhere and for ever.
 */
export async function ensureImage(docker: Docker, image: string, hooks: Hooks): Promise<RuntimeEnvironment> {
  const there = await inspect(docker, image);
  if (there === undefined && image.includes('@')) await pull(docker, image, hooks);
  const found = there ?? (await inspect(docker, image));
  if (found === undefined)
    throw new WindlassError('ENVIRONMENT_FAILED', `The engine has no image ${image}.`, {
      hint: 'Load it on the engine of the training worker, or name one of a registry as name@sha256:….',
    });
  return {
    key: image.slice(image.indexOf('sha256:')),
    kind: 'image',
    image,
    folder: '',
    python: '',
    logFile: '',
    platform: `${found.Os}/${found.Architecture}`,
    builtAt: found.Created,
    reused: there !== undefined,
  };
}
