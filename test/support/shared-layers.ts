import { cp, link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EDGE_SERVER } from '../../edge/package-files.ts';
import { openPackagingTools } from '../../src/adapters/docker/packaging-tools.ts';
import { createOciLayoutStore } from '../../src/adapters/oci/layout-store.ts';
import { oncePerRun } from './once-per-run.ts';

export const PROJECT_ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const SERVER = { root: PROJECT_ROOT, ...EDGE_SERVER };

const BLOBS = join('blobs', 'sha256');

/**
 * Lays the layers that every image has (environment, runtime, server) into an image folder that is
 * still empty, as an image made there before would have left them. They stay from run to run, by
 * the digest of what went in: compressing Node takes ten seconds.
 */
export async function shareLayers(images: string, engine: 'docker' | 'process'): Promise<void> {
  const made = await oncePerRun(`layers-${engine}`, async () => {
    const folder = join(PROJECT_ROOT, '.windlass', `test-layers-${engine}`);
    const store = createOciLayoutStore(folder);
    const { assembler } = await openPackagingTools({ store, server: SERVER, engine });
    const nothing = Buffer.from('an image of which only the layers below are of use\n');
    await assembler.assemble({
      name: 'shared',
      tag: '0',
      labels: {},
      entry: [{ type: 'file', path: 'windlass/entry/readme', content: nothing }],
      model: [{ type: 'file', path: 'windlass/model/readme', content: nothing }],
    });
    return folder;
  });
  await mkdir(join(images, BLOBS), { recursive: true });
  for (const blob of await readdir(join(made, BLOBS)))
    await link(join(made, BLOBS, blob), join(images, BLOBS, blob));
  await cp(join(made, 'cache'), join(images, 'cache'), { recursive: true });
}
