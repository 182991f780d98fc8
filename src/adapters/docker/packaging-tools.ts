import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageAssembler } from '../../ports/image-assembler.ts';
import type { ImageRunner } from '../../ports/image-instance.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import { createMachineEnvironment } from '../oci/environment.ts';
import { createImageAssembler } from '../oci/image-assembler.ts';
import type { ServerFiles } from '../oci/server-bundle.ts';
import { createLayerCache } from '../oci/layer-cache.ts';
import type { OciLayoutStore } from '../oci/layout-store.ts';
import { createProcessRunner } from '../oci/process-runner.ts';
import { createContainerRunner } from './container-runner.ts';
import { dockerClient, engineVersion } from './engine.ts';
import { createDockerEnvironment } from './environment-image.ts';

interface PackagingToolsOptions {
  readonly store: OciLayoutStore;
  readonly server: ServerFiles;
  /** auto: the engine when one answers, otherwise processes. */
  readonly engine: 'auto' | 'docker' | 'process';
  readonly baseImage?: string;
  readonly push?: ImageStore;
}

/**
 * Assembler and runner over a Docker Engine, or without one; throws DOCKER_UNAVAILABLE when
 * `docker` is asked for and none answers.
 */
export async function openPackagingTools(
  options: PackagingToolsOptions,
): Promise<{ assembler: ImageAssembler; runner: ImageRunner; engine: string | null }> {
  const { store, server, push, baseImage } = options;
  await store.tidy(new Date());
  const cache = createLayerCache(store);
  const docker = dockerClient();
  const local = (docker.modem as { socketPath?: string }).socketPath !== undefined;
  const version = options.engine === 'process' || !local ? undefined : await engineVersion(docker);
  if (version !== undefined) {
    const environment = createDockerEnvironment({ docker, store, cache, baseImage });
    const assembler = createImageAssembler({ store, cache, environment, server, push });
    return { assembler, runner: createContainerRunner(docker, store), engine: version };
  }
  if (options.engine === 'docker')
    throw new WindlassError(
      'DOCKER_UNAVAILABLE',
      local
        ? 'packaging.engine is "docker", but no Docker Engine answers.'
        : 'packaging.engine is "docker", but DOCKER_HOST names an engine on another machine, which cannot share a socket with the test.',
    );
  if (baseImage !== undefined)
    throw new WindlassError(
      'DOCKER_UNAVAILABLE',
      `packaging.baseImage is ${baseImage}, but no Docker Engine answers that could pull it.`,
      { hint: 'Start a Docker Engine, or remove packaging.baseImage to use the files of this machine.' },
    );
  const environment = createMachineEnvironment(cache);
  const assembler = createImageAssembler({ store, cache, environment, server, push });
  return { assembler, runner: createProcessRunner(store), engine: null };
}
