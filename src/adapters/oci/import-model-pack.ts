import { copyFile, readFile, stat } from 'node:fs/promises';
import type { ZodType } from 'zod';
import type { ArtefactRef } from '../../contracts/artefact.ts';
import { dataManifestSchema } from '../../contracts/data/data-manifest.ts';
import type { DataManifest } from '../../contracts/data/data-manifest.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { parseInput } from '../../errors/parse-input.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import type { ProjectFile } from '../../ports/source-control.ts';
import { readBundle } from '../git/source-bundle.ts';
import { digestOfFile } from '../../base/digest.ts';
import { createOciLayoutStore } from './layout-store.ts';
import type { OciLayoutStore } from './layout-store.ts';
import type { Descriptor } from './media-types.ts';
import { MODEL_PACK, packLayers, RECORD_PATH } from './model-pack.ts';
import type { PackRecord } from './model-pack.ts';
import { packProblems } from './pack-problems.ts';
import type { PackProblem } from './pack-problems.ts';
import { packConfigSchema, packManifestSchema, packRecordSchema } from './pack-schema.ts';

/**
 * A pack that was found whole: every blob has its digest, every artefact of the version is among
 * them, and no two parts disagree.
 */
export interface ReadPack extends PackRecord {
  readonly name: string;
  readonly manifest: string;
  /** Files of the data set that the version was trained on; their bytes are not part of a pack. */
  readonly files: DataManifest['files'];
  /**
   * Copies one of its artefacts to a new file; throws ARTEFACT_CORRUPT when somebody has changed it
   * since it was verified.
   */
  copy(ref: ArtefactRef, path: string): Promise<void>;
  /** Puts every artefact into a store. */
  store(artefacts: ArtefactStore): Promise<void>;
}

/** bytes; documents of a pack are read whole, so a larger one is refused. */
const MAX_DOCUMENT = 64 * 1024 ** 2;
/** bytes; a source bundle is read whole, too. */
const MAX_BUNDLE = 512 * 1024 ** 2;

/**
 * Reads and verifies a pack in an OCI layout; nothing is written. `wanted` ("pump-health:3")
 * chooses one of several. Throws NOT_FOUND, INPUT_INVALID when it is no pack of Windlass or its
 * parts contradict each other (with every field), and ARTEFACT_CORRUPT that names the blob which
 * was tampered with.
 */
export async function readModelPack(dir: string, wanted?: string): Promise<ReadPack> {
  const store = createOciLayoutStore(dir);
  const { name, digest } = await choose(store, wanted);
  await refuseLarge(await store.blobPath(digest), `The manifest ${digest}`, MAX_DOCUMENT);
  const invalid = { what: `The manifest ${digest} in ${dir}` } as const;
  const manifest = parseInput(packManifestSchema, await store.readJson(digest), invalid);
  const paths = new Map<string, string>();
  for (const blob of [manifest.config, ...manifest.layers])
    paths.set(blob.digest, await verifiedPath(store, blob));
  const document = async (of: string, what: string): Promise<unknown> => {
    await refuseLarge(paths.get(of) ?? '', `${what} of the pack ${name}`, MAX_DOCUMENT);
    return store.readJson(of);
  };

  const layer = manifest.layers.find((l) => l.annotations[MODEL_PACK.filepath] === RECORD_PATH);
  if (layer === undefined)
    throw new WindlassError(
      'INPUT_INVALID',
      `The pack ${name} has no ${RECORD_PATH}: another tool wrote it.`,
      {
        hint: 'A model that was trained elsewhere is taken in by `windlass models import FILE`.',
      },
    );
  const parse = async <T>(schema: ZodType<T>, of: string, what: string): Promise<T> =>
    parseInput(schema, await document(of, what), {
      what: `${what} of the pack ${name}`,
    });
  const record = (await parse(packRecordSchema, layer.digest, RECORD_PATH)) as unknown as PackRecord;
  const written = (await store.readJson<{ pipeline: { spec: object } }>(layer.digest)).pipeline.spec;
  const layers = packLayers(record);
  const missing = layers.find(({ ref }) => !paths.has(ref.digest));
  if (missing !== undefined)
    throw new WindlassError('NOT_FOUND', `The pack ${name} lacks ${missing.path} (${missing.ref.digest}).`);
  const fileOf = ({ digest: of }: ArtefactRef): string => paths.get(of) ?? '';
  const { manifest: listed } = record.registration.data;
  const data = await parse(dataManifestSchema, listed.digest, 'data/manifest.json');
  const bundle = fileOf(record.pipeline.source.bundle);
  await refuseLarge(bundle, `source.tar of the pack ${name}`, MAX_BUNDLE);
  const parts = {
    manifest,
    record,
    spec: written,
    data,
    config: await parse(packConfigSchema, manifest.config.digest, 'The configuration'),
    files: await bundleOf(bundle, name),
  };
  refuseProblems(name, packProblems(parts));
  return {
    ...record,
    name,
    manifest: digest,
    files: data.files,
    copy: async (ref, path) => {
      await copyFile(fileOf(ref), path);
      const copied = await digestOfFile(path);
      if (copied.digest !== ref.digest) throw tampered(ref.digest, copied.digest);
    },
    store: async (artefacts) => {
      for (const { ref } of layers) {
        const put = await artefacts.putFile(fileOf(ref), ref.mediaType);
        // Somebody may have changed the file since it was verified.
        if (put.digest !== ref.digest) throw tampered(ref.digest, put.digest);
      }
    },
  };
}

function refuseProblems(name: string, problems: readonly PackProblem[]): void {
  if (problems.length === 0) return;
  const listed = problems.map(({ field, problem }) => `${field} ${problem}`).join('; ');
  throw new WindlassError('INPUT_INVALID', `The pack ${name} contradicts itself: ${listed}.`, {
    hint: 'Take the pack again from the registry that exported it; nothing was imported.',
    details: { problems },
  });
}

async function refuseLarge(path: string, what: string, most: number): Promise<void> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > most)
    throw new WindlassError('INPUT_INVALID', `${what} has ${size} bytes: expected at most ${most}.`);
}

async function bundleOf(path: string, name: string): Promise<ProjectFile[]> {
  try {
    return await readBundle(await readFile(path));
  } catch (cause) {
    throw new WindlassError('INPUT_INVALID', `source.tar of the pack ${name} is no tar file.`, { cause });
  }
}

async function choose(store: OciLayoutStore, wanted?: string): Promise<{ name: string; digest: string }> {
  const images = await store.images();
  const found = wanted === undefined ? images : images.filter((image) => image.name === wanted);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const names = images.map((image) => image.name).join(', ');
    const why = images.length === 0 ? 'holds no named manifest' : `holds ${names}`;
    throw new WindlassError(
      only === undefined ? 'NOT_FOUND' : 'INPUT_INVALID',
      `The OCI layout ${store.dir} ${why}.`,
      {
        hint: 'Name a folder that `windlass models export` wrote, and with --name one of its versions.',
      },
    );
  }
  return only;
}

async function verifiedPath(store: OciLayoutStore, { digest, size }: Descriptor): Promise<string> {
  const path = await store.blobPath(digest);
  const found = await digestOfFile(path);
  if (found.digest !== digest) throw tampered(digest, found.digest);
  if (found.size !== size)
    throw new WindlassError('ARTEFACT_CORRUPT', `The blob ${digest} has ${found.size} bytes, not ${size}.`);
  return path;
}

function tampered(digest: string, found: string): WindlassError {
  return new WindlassError(
    'ARTEFACT_CORRUPT',
    `The blob ${digest} was changed: its bytes have the digest ${found}.`,
    {
      hint: 'Take the layout again from where it came from; nothing was imported.',
      details: { digest, found },
    },
  );
}
