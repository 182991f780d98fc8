import { chown, lchown, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { WindlassError } from '../../errors/windlass-error.ts';
import { waitFor } from '../../base/wait-for.ts';
import type { CommandResult, ProjectCommand, ProjectRuntime } from '../../ports/project-runtime.ts';
import { formatIdentity, identify, isRunning, parseIdentity } from '../oci/process-identity.ts';
import { CommandOutput } from '../process/command-output.ts';
import { OWNER_LABEL } from './container-options.ts';
import { isAbsent, OWNED_LABEL, within } from './engine.ts';
import { containerUser, RUN_LABEL, trainingContainer, TRAINING_OWNED } from './training-container.ts';
import { ensureImage } from './training-image.ts';

const GRACE_SECONDS = 4;
const USAGE_MS = 5000;
const MIB = 1024 * 1024;

interface ContainerRuntime extends ProjectRuntime {
  /**
   * Ends containers whose worker is gone; gives their ids. Only those of workers on this machine
   * are judged.
   */
  sweep(): Promise<string[]>;
}

/** Ends and removes a container; it is not an error if another worker does so at the same time. */
async function remove(docker: Docker, id: string): Promise<void> {
  const container = docker.getContainer(id);
  try {
    await within(30_000, 'remove the container', container.remove({ force: true, v: true }));
  } catch (error) {
    const { statusCode } = ((error as WindlassError).details ?? {}) as { statusCode?: number };
    if (statusCode !== 409 && !isAbsent(error)) throw error;
    const gone = async (): Promise<boolean> => (await container.inspect().catch(isAbsent)) === true;
    await waitFor(gone, { timeoutMs: 10_000, everyMs: 100 });
  }
}

/**
 * A worker that runs as root makes the container's account the owner of what the container may
 * write.
 */
async function handOver(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = containerUser();
  await chown(path, uid, gid);
  const below = await readdir(path, { recursive: true, withFileTypes: true });
  for (const entry of below) await lchown(join(entry.parentPath, entry.name), uid, gid);
}

/**
 * Runs project commands in containers of an engine on this machine, with which they share folders.
 */
export function createContainerRuntime(docker: Docker): ContainerRuntime {
  const containersOf = async (label: string): Promise<Docker.ContainerInfo[]> => {
    const filters = { label: [`${OWNED_LABEL}=${TRAINING_OWNED}`, ...(label === '' ? [] : [label])] };
    return within(15_000, 'list containers', docker.listContainers({ all: true, filters }));
  };
  const endOrphans = async (pidFile: string): Promise<string[]> => {
    const left = (await containersOf(`${RUN_LABEL}=${pidFile}`)).map(({ Id }) => Id);
    for (const id of left) await remove(docker, id);
    return left;
  };

  return {
    ensure: async (request, hooks = {}) => {
      if (request.kind === 'image') return ensureImage(docker, request.reference, hooks);
      throw new WindlassError('INTERNAL', `An environment of kind ${request.kind} is for processes.`);
    },
    endOrphans: (_environment, pidFile) => endOrphans(pidFile),
    sweep: async () => {
      const ended: string[] = [];
      for (const { Id, Labels } of await containersOf('')) {
        const owner = parseIdentity(Labels[OWNER_LABEL] ?? '');
        if (owner !== undefined && (await isRunning(owner))) continue;
        await remove(docker, Id);
        ended.push(Id);
      }
      return ended;
    },
    async run({ image = '' }, command) {
      command.signal?.throwIfAborted();
      await rm(command.logFile, { force: true });
      const orphans = await endOrphans(command.pidFile);
      for (const { path, writable } of command.container?.mounts ?? []) if (writable) await handOver(path);
      const output = new CommandOutput(command.logFile, command.onLine);
      const owner = formatIdentity(await identify());
      let container: Docker.Container | undefined;
      try {
        container = await begin(docker.createContainer(trainingContainer(image, command, owner)), image);
        return { ...(await follow(container, { command, output, image })), orphans };
      } finally {
        if (container !== undefined) await remove(docker, container.id);
        await output.close();
      }
    },
  };
}

/** The engine's refusal to start a container says what of image or limits it cannot give. */
async function begin<T>(answer: Promise<T>, image: string): Promise<T> {
  return within(60_000, `start a container of ${image}`, answer).catch((error: unknown) => {
    if (!(error instanceof WindlassError) || error.code === 'DOCKER_UNAVAILABLE') throw error;
    throw new WindlassError('ENVIRONMENT_FAILED', error.message, {
      hint: 'The image needs /bin/sh; GPUs (environment.gpus) need their driver on the engine.',
      cause: error,
    });
  });
}

/** Starts a container, follows it to its end, and ends it on cancellation and timeout. */
async function follow(
  container: Docker.Container,
  run: { readonly command: ProjectCommand; readonly output: CommandOutput; readonly image: string },
): Promise<Omit<CommandResult, 'orphans'>> {
  const { command, output, image } = run;
  const stream = await begin(container.attach({ stream: true, stdout: true, stderr: true }), image);
  const [out, err] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, out, err);
  stream.once('close', () => {
    out.end();
    err.end();
  });
  const told = Promise.all([output.follow(out, 'stdout'), output.follow(err, 'stderr')]);
  const began = performance.now();
  await begin(container.start(), image);
  let timedOut = false;
  // it may have ended by itself
  const stop = (): void => void container.stop({ t: GRACE_SECONDS }).catch(() => undefined);
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, command.timeoutMs);
  const look = setInterval(() => void usage(container, command), USAGE_MS);
  command.signal?.addEventListener('abort', stop, { once: true });
  if (command.signal?.aborted === true) stop();
  try {
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const { State } = await within(15_000, 'look at the container', container.inspect());
    await within(15_000, 'read the last lines', told);
    command.signal?.throwIfAborted();
    const { memoryMb } = command;
    return {
      exitCode: StatusCode,
      signal: null,
      timedOut,
      overMemory: State.OOMKilled && memoryMb !== undefined ? { limitMb: memoryMb, usedMb: null } : null,
      seconds: (performance.now() - began) / 1000,
      lastLines: output.lastLines,
    };
  } finally {
    clearTimeout(timer);
    clearInterval(look);
    command.signal?.removeEventListener('abort', stop);
  }
}

/**
 * Reports what a container uses; failure to ask it is ignored, because it may be starting or have
 * just ended.
 */
async function usage(container: Docker.Container, { onUsage }: ProjectCommand): Promise<void> {
  const stats = await container.stats({ stream: false, 'one-shot': true }).catch(() => undefined);
  if (stats?.memory_stats.usage !== undefined)
    onUsage?.({ memoryMb: Math.round(stats.memory_stats.usage / MIB) });
}
