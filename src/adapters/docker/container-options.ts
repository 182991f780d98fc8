import type { ContainerCreateOptions } from 'dockerode';
import { IMAGE_USER } from '../oci/image-config.ts';
import { OWNED_LABEL } from './engine.ts';

/**
 * Who started the container (a process identity), and the folder of this machine that it shares.
 */
export const OWNER_LABEL = 'io.windlass.owner';
export const FOLDER_LABEL = 'io.windlass.folder';

/** What a container under test may use: bytes of memory, processes and threads, cores. */
const LIMITS = { memoryBytes: 512 * 1024 * 1024, pids: 128, cores: 1 } as const;

/** The hardened container of a test: nothing of the machine but one folder for the socket. */
export function containerOptions(options: {
  tag: string;
  shared: string;
  env: Readonly<Record<string, string>>;
  owner: string;
  folder: string;
}): ContainerCreateOptions {
  const variables = { WINDLASS_LISTEN: 'unix:/run/windlass/edge.sock', ...options.env };
  return {
    Image: options.tag,
    User: `${IMAGE_USER}:${IMAGE_USER}`,
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [OWNED_LABEL]: 'test',
      [OWNER_LABEL]: options.owner,
      [FOLDER_LABEL]: options.folder,
    },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: LIMITS.pids,
      Memory: LIMITS.memoryBytes,
      MemorySwap: LIMITS.memoryBytes,
      NanoCpus: LIMITS.cores * 1e9,
      Tmpfs: {
        '/tmp': 'rw,noexec,nosuid,nodev,size=16m,mode=1777',
        '/var/lib/windlass': 'rw,noexec,nosuid,nodev,size=64m,mode=1777',
      },
      Binds: [`${options.shared}:/run/windlass`],
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
    },
  };
}
