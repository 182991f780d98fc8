import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import { IMAGE_USER } from './image-config.ts';

const run = promisify(execFile);

const PASSWD = `root:x:0:0:root:/:/usr/sbin/nologin\nwindlass:x:${IMAGE_USER}:${IMAGE_USER}:windlass:/var/lib/windlass:/usr/sbin/nologin\n`;
const GROUP = `root:x:0:\nwindlass:x:${IMAGE_USER}:\n`;

/**
 * The root file system of an image without a base image: this machine's Node, the shared libraries
 * that it and the `native` files need, an account, and folders that may be written to. Nothing
 * else: no shell, no package manager, and no certificates beside the ones that Node brings. Throws
 * PACKAGING_FAILED naming what is missing.
 */
export async function machineEnvironment(native: readonly string[]): Promise<ImageEntry[]> {
  if (process.platform !== 'linux')
    throw new WindlassError(
      'PACKAGING_FAILED',
      `An image holds Linux programs, and this machine runs ${process.platform}.`,
      { hint: 'Set packaging.baseImage to an image with Node 24, e.g. docker.io/library/node:24-slim.' },
    );
  const node = await realpath(process.execPath);
  const libraries = new Map<string, string>();
  for (const binary of [node, ...native])
    for (const path of await sharedLibraries(binary)) libraries.set(path, await realpath(path));
  return [
    { type: 'file', path: 'usr/local/bin/node', content: { file: node }, mode: 0o755 },
    ...[...libraries].map(([path, file]): ImageEntry => ({
      type: 'file',
      path: path.slice(1),
      content: { file },
      mode: 0o755,
    })),
    { type: 'file', path: 'etc/passwd', content: Buffer.from(PASSWD) },
    { type: 'file', path: 'etc/group', content: Buffer.from(GROUP) },
    { type: 'file', path: 'etc/nsswitch.conf', content: Buffer.from('hosts: files dns\n') },
    { type: 'directory', path: 'tmp', mode: 0o1777 },
    { type: 'directory', path: 'run/windlass', mode: 0o1777 },
    { type: 'directory', path: 'var/lib/windlass', mode: 0o1777 },
  ];
}

/**
 * Absolute paths of the system libraries (the loader among them) that a program or library needs,
 * as `ldd` resolves them.
 */
export async function sharedLibraries(binary: string): Promise<string[]> {
  const { stdout } = await run('ldd', [binary], { timeout: 20_000 }).catch((cause: unknown) => {
    throw new WindlassError(
      'PACKAGING_FAILED',
      `The shared libraries of ${binary} cannot be found with ldd.`,
      {
        hint: 'Install ldd (package libc-bin), or set packaging.baseImage to an image with Node 24.',
        cause,
      },
    );
  });
  return parseLdd(stdout, binary);
}

/**
 * Reads the answer of `ldd`; libraries that lie beside the binary itself are left out. Throws
 * PACKAGING_FAILED for one not found.
 */
export function parseLdd(output: string, binary: string): string[] {
  const own = binary.slice(0, binary.lastIndexOf('/') + 1);
  return output.split('\n').flatMap((line) => {
    const missing = /^\s*(\S+) => not found/.exec(line);
    if (missing !== null)
      throw new WindlassError(
        'PACKAGING_FAILED',
        `${binary} needs ${missing[1]}, which this machine lacks.`,
        {
          hint: 'Install the library, or set packaging.baseImage to an image with Node 24.',
        },
      );
    const path = /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1];
    return path === undefined || path.startsWith(own) ? [] : [path];
  });
}
