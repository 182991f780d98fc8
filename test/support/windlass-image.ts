import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { followProgress } from '../../src/adapters/docker/engine.ts';
import { sharedLibraries } from '../../src/adapters/oci/machine-environment.ts';
import { PROJECT_ROOT } from './shared-layers.ts';

const DOCKERFILE = readFileSync(join(PROJECT_ROOT, 'Dockerfile'), 'utf8');
const BUILD_MS = 15 * 60_000;

/** What the Dockerfile takes from the repository. */
export const COPIED = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((m) =>
  (m[1] ?? '').split(' '),
);

const BASE = /^FROM (\S+)/m.exec(DOCKERFILE)?.[1] ?? '';

/** Whether the engine has the Dockerfile's base image, or can pull it. */
async function hasBase(docker: Docker): Promise<boolean> {
  try {
    await docker.getImage(BASE).inspect();
    return true;
  } catch {
    try {
      await followProgress(docker, await docker.pull(BASE), { what: `pull ${BASE}`, timeoutMs: BUILD_MS });
      return true;
    } catch {
      return false;
    }
  }
}

/** Binaries that the packages bring for this platform; the base has to hold what they link to. */
function nativeModules(): string[] {
  const machine =
    process.arch === 'arm64' ? /linux.*(arm64|aarch64)|aarch64.*linux/ : /linux.*x64|x86_64.*linux/;
  return globSync('node_modules/{@temporalio/core-bridge,@duckdb/*,onnxruntime-node}/**/*.node', {
    cwd: PROJECT_ROOT,
  })
    .filter((file) => machine.test(file) && !file.includes('musl'))
    .map((file) => join(PROJECT_ROOT, file));
}

/**
 * A base of this machine's shell and Node, for where no image can be pulled; it has neither apt nor
 * npm.
 */
async function buildBase(docker: Docker, tag: string): Promise<void> {
  const which = (name: string): string => execFileSync('which', [name], { encoding: 'utf8' }).trim();
  const programs = ['sh', 'mkdir', 'chown'].map((name): [string, string] => [`bin/${name}`, which(name)]);
  const files = new Map<string, string>([...programs, ['bin/node', process.execPath]]);
  for (const [path, file] of files) files.set(path, realpathSync(file));
  for (const file of [...files.values(), ...nativeModules()])
    for (const library of await sharedLibraries(file)) files.set(library.slice(1), realpathSync(library));
  const context = pack();
  context.entry({ name: 'Dockerfile' }, 'FROM scratch\nCOPY root/ /\nENV PATH=/bin\n');
  context.entry({ name: 'root/etc/passwd' }, 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n');
  context.entry({ name: 'root/etc/group' }, 'root:x:0:\nnode:x:1000:\n');
  context.entry({ name: 'root/tmp', type: 'directory', mode: 0o1777 });
  for (const [path, file] of files) context.entry({ name: `root/${path}`, mode: 0o755 }, readFileSync(file));
  context.finalize();
  const stream = await docker.buildImage(Readable.from(context, { objectMode: false }), { t: tag });
  await followProgress(docker, stream, { what: `build ${tag}`, timeoutMs: BUILD_MS });
}

/** The Dockerfile's last stage over another base: what npm and apt would install is left out. */
function withoutDownloads(base: string): string {
  return DOCKERFILE.slice(DOCKERFILE.lastIndexOf('FROM '))
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => !line.startsWith('RUN apt-get') && !line.startsWith('COPY --from'))
    .join('\n')
    .replace(BASE, base);
}

export interface WindlassImage {
  readonly tag: string;
  /** Mounts that a container needs: the packages, where the image could not install them. */
  readonly binds: readonly string[];
}

/** Builds the image of docker-compose.temporal.yml from the real Dockerfile and sources. */
export async function buildWindlassImage(docker: Docker, tag: string): Promise<WindlassImage> {
  const whole = await hasBase(docker);
  const src = [...COPIED];
  const context = pack();
  const base = `${tag}-base`;
  if (!whole) await buildBase(docker, base);
  context.entry({ name: 'Dockerfile' }, whole ? DOCKERFILE : withoutDownloads(base));
  const listed = execFileSync('git', ['ls-files', '-z', ...src], { cwd: PROJECT_ROOT, encoding: 'utf8' });
  for (const file of new Set(listed.split('\0').filter((name) => name !== '')))
    context.entry({ name: file }, readFileSync(join(PROJECT_ROOT, file)));
  context.finalize();
  const stream = await docker.buildImage(Readable.from(context, { objectMode: false }), { t: tag });
  await followProgress(docker, stream, { what: `build ${tag}`, timeoutMs: BUILD_MS });
  return { tag, binds: whole ? [] : [`${PROJECT_ROOT}/node_modules:/opt/windlass/node_modules:ro`] };
}
