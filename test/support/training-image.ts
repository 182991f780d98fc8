import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { followProgress } from '../../src/adapters/docker/engine.ts';
import { sharedLibraries } from '../../src/adapters/oci/machine-environment.ts';

const PROGRAMS = ['cat', 'cp', 'id', 'ls', 'sleep', 'tail', 'touch'];

/**
 * Builds an image of this machine's shell and a few of its programs, which is all that a training
 * in shell needs; gives its id (`sha256:…`). No registry is asked.
 */
export async function buildTrainingImage(docker: Docker, tag: string): Promise<string> {
  const which = (program: string): string => execFileSync('which', [program], { encoding: 'utf8' }).trim();
  const programs = new Map([
    ['bin/sh', which('sh')],
    ...PROGRAMS.map((p) => [`bin/${p}`, which(p)] as const),
  ]);
  const files = new Map([...programs].map(([path, file]) => [path, realpathSync(file)]));
  for (const file of [...files.values()])
    for (const library of await sharedLibraries(file)) files.set(library.slice(1), realpathSync(library));
  const context = pack();
  context.entry({ name: 'Dockerfile' }, 'FROM scratch\nCOPY root/ /\nENV PATH=/bin\n');
  for (const [path, file] of files) context.entry({ name: `root/${path}`, mode: 0o755 }, readFileSync(file));
  context.finalize();
  const stream = await docker.buildImage(Readable.from(context, { objectMode: false }), { t: tag });
  await followProgress(docker, stream, { what: `build ${basename(tag)}`, timeoutMs: 120_000 });
  return (await docker.getImage(tag).inspect()).Id;
}
