import type { ContainerCreateOptions } from 'dockerode';
import { sha256Hex } from '../../base/digest.ts';
import type { ProjectCommand } from '../../ports/project-runtime.ts';
import { IMAGE_USER } from '../oci/image-config.ts';
import { OWNER_LABEL } from './container-options.ts';
import { OWNED_LABEL } from './engine.ts';

export const TRAINING_OWNED = 'training';
/** The run that a container belongs to: the path of its pid file, which every attempt has again. */
export const RUN_LABEL = 'io.windlass.run';

const PIDS = 4096;
const SHARED_MEMORY_BYTES = 1 << 30;

/**
 * One name per run: the engine refuses a second container of a run that an earlier attempt still
 * starts.
 */
function containerName(run: string): string {
  return `windlass-${sha256Hex(run).slice(0, 24)}`;
}

/** Account of the container: the worker's own, so that both may write; never root. */
export function containerUser(): { readonly uid: number; readonly gid: number } {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  return uid === 0 ? { uid: IMAGE_USER, gid: IMAGE_USER } : { uid, gid };
}

/**
 * The container of one command: the given paths of the machine and nothing else, no root, no
 * capabilities, no network unless it is declared, and the limits of windlass.yaml.
 */
export function trainingContainer(
  image: string,
  command: ProjectCommand,
  owner: string,
): ContainerCreateOptions & { readonly name: string } {
  const { cpus, gpus, network = false, mounts = [] } = command.container ?? {};
  const variables = {
    HOME: '/tmp',
    PYTHONHASHSEED: '0',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...command.variables,
  };
  const { uid, gid } = containerUser();
  const memory = command.memoryMb === undefined ? undefined : command.memoryMb * 1024 * 1024;
  return {
    name: containerName(command.pidFile),
    Image: image,
    Entrypoint: ['/bin/sh', '-c'],
    Cmd: [command.run],
    WorkingDir: command.cwd,
    User: `${uid}:${gid}`,
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [OWNED_LABEL]: TRAINING_OWNED,
      [OWNER_LABEL]: owner,
      [RUN_LABEL]: command.pidFile,
    },
    HostConfig: {
      Init: true,
      NetworkMode: network ? 'bridge' : 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: PIDS,
      ShmSize: SHARED_MEMORY_BYTES,
      Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev,mode=1777' },
      Mounts: mounts.map(({ path, writable }) => ({
        Type: 'bind' as const,
        Source: path,
        Target: path,
        ReadOnly: !writable,
      })),
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
      DeviceRequests:
        gpus === undefined ? undefined : [{ Count: gpus === 'all' ? -1 : gpus, Capabilities: [['gpu']] }],
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}
