import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { digestSchema } from '../../contracts/artefact.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { ImageEntry } from '../../ports/image-assembler.ts';
import { digestOf, rememberedDigest } from '../../base/digest.ts';
import { GZIP_LEVEL, compressLayer } from './layer.ts';
import type { Layer } from './layer.ts';
import type { OciLayoutStore } from './layout-store.ts';
import { orderEntries, packTar } from './tar.ts';

const layerSchema = z.object({
  digest: digestSchema,
  size: z.number(),
  diffId: digestSchema,
  unpackedSize: z.number(),
});
const recordSchema = z.array(layerSchema).min(1);

/**
 * Layers by the digest of everything that went into them, kept beside the blobs of a layout store.
 */
export interface LayerCache {
  /** The layers made for this key, if their blobs are still there. */
  find(key: string): Promise<Layer[] | undefined>;
  save(key: string, layers: readonly Layer[]): Promise<void>;
  /** The layer of these entries: found, or packed, compressed and stored. */
  layerOf(
    entries: readonly ImageEntry[],
    signal?: AbortSignal,
  ): Promise<{ layer: Layer; key: string; reused: boolean }>;
}

/**
 * The cache of one layout store; a record that is damaged or whose blobs are gone counts as absent.
 */
export function createLayerCache(store: OciLayoutStore): LayerCache {
  const folder = join(store.dir, 'cache');
  const pathOf = (key: string): string => join(folder, `${key.replace('sha256:', '')}.json`);

  const find = async (key: string): Promise<Layer[] | undefined> => {
    const text = await readFile(pathOf(key), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const parsed = recordSchema.safeParse(parse(text));
    if (!parsed.success) return undefined;
    const there = await Promise.all(parsed.data.map((layer) => store.hasBlob(layer.digest)));
    return there.every(Boolean) ? parsed.data : undefined;
  };
  const save = async (key: string, layers: readonly Layer[]): Promise<void> => {
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `${randomUUID()}.part`);
    await writeFile(temporary, JSON.stringify(layers));
    await rename(temporary, pathOf(key));
  };

  return {
    find,
    save,
    layerOf: async (entries, signal) => {
      const key = await keyOfEntries(entries);
      const [found] = (await find(key)) ?? [];
      if (found !== undefined) return { layer: found, key, reused: true };
      const { path, ...layer } = await compressLayer(packTar(entries), store.scratch, signal);
      await store.adoptBlob(layer.digest, path);
      await save(key, [layer]);
      return { layer, key, reused: false };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Digest over paths, kinds, permissions and contents of the entries, and over what compresses them.
 */
export async function keyOfEntries(entries: readonly ImageEntry[]): Promise<string> {
  const parallel = pLimit(16);
  const lines = await Promise.all(orderEntries(entries).map((entry) => parallel(() => lineOf(entry))));
  return digestOf(JSON.stringify(['windlass.layer/1', GZIP_LEVEL, process.versions.zlib, ...lines]));
}

async function lineOf(entry: ImageEntry): Promise<unknown[]> {
  if (entry.type === 'symlink') return [entry.path, 'symlink', entry.target];
  if (entry.type === 'directory') return [entry.path, 'directory', entry.mode ?? 0o755];
  return [entry.path, 'file', entry.mode ?? 0o644, await contentDigest(entry)];
}

async function contentDigest(entry: ImageEntry & { type: 'file' }): Promise<string> {
  if (entry.content instanceof Uint8Array) return digestOf(entry.content);
  const { file } = entry.content;
  try {
    return await rememberedDigest(file);
  } catch (cause) {
    throw new WindlassError('PACKAGING_FAILED', `The file ${entry.path} of the image cannot be read.`, {
      hint: `Check that ${file} exists and may be read; \`npm ci\` restores installed packages.`,
      cause,
    });
  }
}
