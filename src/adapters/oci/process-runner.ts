import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { PackagedImage } from '../../contracts/packaging/image.ts';
import type { ImageInstance, ImageRunner } from '../../ports/image-instance.ts';
import { IMAGE_USER } from './image-config.ts';
import { createInstanceClient, waitUntilReady } from './instance-client.ts';
import { createInstanceRecords } from './instance-records.ts';
import type { InstanceRecords } from './instance-records.ts';
import { peakMemory, readFacts } from './kernel-facts.ts';
import type { OciLayoutStore } from './layout-store.ts';
import type { ImageConfig } from './media-types.ts';
import { machinePlatform } from './platform.ts';
import { identify } from './process-identity.ts';
import { unpackImage } from './unpack.ts';

const run = promisify(execFile);

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly notes: readonly string[];
}

/**
 * Runs images without a Docker Engine: unpacks the layers of the OCI layout (every digest checked)
 * and starts the image's entrypoint as a process, with the image's variables and nothing of this
 * process's own, as an account without rights and in an empty network where the system allows it.
 * It sees this machine's files; a container does not.
 */
export function createProcessRunner(store: OciLayoutStore): ImageRunner {
  const records = createInstanceRecords(join(store.dir, 'instances'));
  return {
    mode: 'process',
    sweep: () => records.sweep(),
    start: async (image, { env = {}, readyTimeoutMs = 30_000, signal } = {}) => {
      const folder = join(store.scratch, `instance-${randomUUID()}`);
      const rootfs = join(folder, 'rootfs');
      const sockets = await mkdtemp(join(tmpdir(), 'windlass-'));
      const record = await records.open([folder, sockets]);
      try {
        const config = await unpackImage(store, platformDigest(image), rootfs);
        await mkdir(join(sockets, 'run'));
        await chmod(join(sockets, 'run'), 0o777);
        if (await openToOthers(rootfs)) await chmod(sockets, 0o711);
        return await startProcess({ config, folder, rootfs, sockets, record, env, readyTimeoutMs, signal });
      } catch (error) {
        await record.close();
        throw error;
      }
    },
  };
}

/**
 * Digest of the manifest for this machine's platform; throws INPUT_INVALID when the image has none.
 */
export function platformDigest(image: PackagedImage): string {
  const own = machinePlatform();
  const found = image.platforms.find((p) => p.platform === own);
  if (found !== undefined) return found.digest;
  throw new WindlassError(
    'INPUT_INVALID',
    `The image exists for ${image.platforms.map((p) => p.platform).join(', ')}; it can be tested here only for ${own}.`,
    { hint: `Package for ${own} too.` },
  );
}

async function startProcess(options: {
  config: ImageConfig;
  folder: string;
  rootfs: string;
  sockets: string;
  record: Awaited<ReturnType<InstanceRecords['open']>>;
  env: Readonly<Record<string, string>>;
  readyTimeoutMs: number;
  signal?: AbortSignal;
}): Promise<ImageInstance> {
  const { config, folder, rootfs, sockets, record } = options;
  const socket = join(sockets, 'run', 'edge.sock');
  const command = await commandOf(config, rootfs);
  const logFile = join(folder, 'server.log');
  const log = createWriteStream(logFile);
  const began = performance.now();
  const child = spawn(command.file, command.args, {
    cwd: rootfs,
    env: {
      ...imageEnv(config),
      WINDLASS_ROOT: join(rootfs, 'windlass'),
      WINDLASS_LISTEN: `unix:${socket}`,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    uid: command.uid,
    gid: command.uid,
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = exitOf(child);
  let reason: string | undefined;
  void ended.then((text) => {
    reason = text;
  });
  const client = createInstanceClient(socket);
  const logs = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const stop = async (): Promise<void> => {
    client.close();
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
    log.end();
    await record.close();
  };
  try {
    if (child.pid !== undefined) await record.child(await identify(child.pid));
    await waitUntilReady(client, {
      timeoutMs: options.readyTimeoutMs,
      exited: async () => reason,
      logs,
      signal: options.signal,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const startMs = performance.now() - began;
  const procText = (name: string): Promise<string> =>
    readFile(`/proc/${child.pid}/${name}`, 'utf8').catch(() => '');
  return {
    mode: 'process',
    description: command.notes.join('; '),
    startMs,
    request: (request) => client.send(request),
    facts: async () =>
      readFacts({
        status: await procText('status'),
        mounts: '',
        network: await procText('net/dev'),
        memoryLimit: '',
        pidsLimit: '',
      }),
    memoryPeakBytes: async () => peakMemory(await procText('status')),
    logs,
    stop,
  };
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  });
}

function imageEnv(config: ImageConfig): Record<string, string> {
  const lines = config.config.Env ?? [];
  return Object.fromEntries(
    lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
}

/**
 * The image's entrypoint with its paths moved below the unpacked root, run by the image's own
 * program if that starts here.
 */
async function commandOf(config: ImageConfig, rootfs: string): Promise<Command> {
  const [program = 'node', ...rest] = config.config.Entrypoint ?? [];
  const args = rest.map((arg) => (arg.startsWith('/') ? join(rootfs, arg) : arg));
  const notes: string[] = [];
  let file = await programIn(rootfs, program, imageEnv(config)['PATH'] ?? '');
  const starts = file !== undefined && (await answers({ file, args: ['--version'] }));
  if (file === undefined || !starts) {
    notes.push(`the image's ${program} does not start here; run by ${process.execPath}`);
    file = process.execPath;
  } else {
    notes.push("run by the image's own node");
  }
  const uid = process.getuid?.() === 0 && (await openToOthers(rootfs)) ? IMAGE_USER : undefined;
  if (uid === undefined) notes.push('runs under the account of the worker');
  if (await answers({ file: 'unshare', args: [...EMPTY_NETWORK, 'true'], uid })) {
    notes.push('in an empty network');
    return { file: 'unshare', args: [...EMPTY_NETWORK, file, ...args], uid, notes };
  }
  return { file, args, uid, notes };
}

/**
 * A network of its own, without interfaces, for a process without rights (util-linux 2.38 or
 * newer).
 */
const EMPTY_NETWORK = ['--user', '--map-current-user', '--net', '--'] as const;

async function programIn(rootfs: string, program: string, path: string): Promise<string | undefined> {
  const candidates = program.startsWith('/') ? [program] : path.split(':').map((dir) => join(dir, program));
  for (const candidate of candidates) {
    const file = join(rootfs, candidate);
    if ((await stat(file).catch(() => undefined))?.isFile() === true) return file;
  }
  return undefined;
}

async function answers(command: Omit<Command, 'notes'>): Promise<boolean> {
  const { file, args, uid } = command;
  return run(file, [...args], { timeout: 10_000, uid, gid: uid }).then(
    () => true,
    () => false,
  );
}

async function openToOthers(path: string): Promise<boolean> {
  for (let dir = path; dir !== dirname(dir); dir = dirname(dir))
    if (((await stat(dir)).mode & 0o001) === 0) return false;
  return true;
}
