import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type Docker from 'dockerode';
import type { PackagedImage } from '../../contracts/packaging/image.ts';
import type { ImageInstance, ImageRunner } from '../../ports/image-instance.ts';
import { createInstanceClient, waitUntilReady } from '../oci/instance-client.ts';
import { peakMemory, readFacts } from '../oci/kernel-facts.ts';
import type { OciLayoutStore } from '../oci/layout-store.ts';
import { formatIdentity, identify, isRunning, parseIdentity } from '../oci/process-identity.ts';
import { platformDigest } from '../oci/process-runner.ts';
import { containerOptions, FOLDER_LABEL, OWNER_LABEL } from './container-options.ts';
import { containerLogs, kernelTexts } from './container-exec.ts';
import { isAbsent, OWNED_LABEL, within } from './engine.ts';
import { loadImage, removeOldImages } from './load-image.ts';

/** Containers of a worker on another machine are taken for abandoned after this many seconds. */
const ABANDONED_SECONDS = 3_600;

/**
 * Runs images as hardened containers: no network, read-only root, no capabilities, no new
 * privileges, limits of memory, processes and processor. The test talks to the server through a
 * unix socket in a folder that both share, so the engine must be on this machine.
 */
export function createContainerRunner(docker: Docker, store: OciLayoutStore): ImageRunner {
  return {
    mode: 'container',
    sweep: () => sweep(docker),
    start: async (image, { env = {}, readyTimeoutMs = 30_000, signal } = {}) => {
      const name = nameOf(image);
      const tag = await loadImage(docker, store, { digest: platformDigest(image), name });
      await removeOldImages(docker, name, tag);
      const sockets = await mkdtemp(join(tmpdir(), 'windlass-'));
      const shared = join(sockets, 'run');
      let container: Docker.Container | undefined;
      try {
        await mkdir(shared);
        await chmod(shared, 0o777);
        const owner = formatIdentity(await identify());
        container = await within(
          30_000,
          'create the container',
          docker.createContainer(containerOptions({ tag, shared, env, owner, folder: sockets })),
        );
        return await startContainer({ container, sockets, shared, readyTimeoutMs, signal });
      } catch (error) {
        if (container !== undefined) await removeContainer(container);
        await rm(sockets, { recursive: true, force: true });
        throw error;
      }
    },
  };
}

function nameOf(image: PackagedImage): string {
  return image.repository.split('/').at(-1) ?? 'image';
}

async function startContainer(options: {
  container: Docker.Container;
  sockets: string;
  shared: string;
  readyTimeoutMs: number;
  signal?: AbortSignal;
}): Promise<ImageInstance> {
  const { container, sockets, shared } = options;
  const began = performance.now();
  await within(30_000, 'start the container', container.start());
  const client = createInstanceClient(join(shared, 'edge.sock'));
  const logs = (): Promise<string> => containerLogs(container);
  let lastLook = performance.now();
  await waitUntilReady(client, {
    timeoutMs: options.readyTimeoutMs,
    exited: async () => {
      if (performance.now() - lastLook < 200) return undefined;
      lastLook = performance.now();
      const { State } = await within(10_000, 'look at the container', container.inspect());
      if (State.Running) return undefined;
      return State.OOMKilled ? 'out of memory' : `exit code ${State.ExitCode}`;
    },
    logs,
    signal: options.signal,
  }).catch((error: unknown) => {
    client.close();
    throw error;
  });
  return {
    mode: 'container',
    description: `container ${container.id.slice(0, 12)}`,
    startMs: performance.now() - began,
    request: (request) => client.send(request),
    facts: async () => readFacts(await kernelTexts(container)),
    memoryPeakBytes: async () => peakMemory((await kernelTexts(container)).status),
    logs,
    stop: async () => {
      client.close();
      await removeContainer(container, 5);
      await rm(sockets, { recursive: true, force: true });
    },
  };
}

async function removeContainer(container: Docker.Container, graceSeconds = 0): Promise<void> {
  if (graceSeconds > 0) await container.stop({ t: graceSeconds }).catch(() => undefined);
  try {
    await within(30_000, 'remove the container', container.remove({ force: true, v: true }));
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/**
 * Removes containers whose worker is gone, with the folders they shared, and what unfinished builds
 * left.
 */
async function sweep(docker: Docker): Promise<number> {
  const filters = { label: [`${OWNED_LABEL}=test`] };
  const found = await within(15_000, 'list containers', docker.listContainers({ all: true, filters }));
  let removed = 0;
  for (const info of found) {
    const owner = parseIdentity(info.Labels[OWNER_LABEL] ?? '');
    const age = Date.now() / 1000 - info.Created;
    const orphaned = owner === undefined || age > ABANDONED_SECONDS || !(await isRunning(owner));
    if (!orphaned) continue;
    await removeContainer(docker.getContainer(info.Id));
    const folder = resolve(info.Labels[FOLDER_LABEL] ?? '/');
    if (folder.startsWith(join(tmpdir(), 'windlass-'))) await rm(folder, { recursive: true, force: true });
    removed += 1;
  }
  const dangling = { dangling: ['true'], label: [`${OWNED_LABEL}=environment`] };
  await docker.pruneImages({ filters: dangling }).catch(() => undefined);
  return removed;
}
