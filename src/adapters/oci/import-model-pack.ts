import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { artefactRefSchema, digestSchema } from '../../contracts/artefact.ts';
import { projectSchema } from '../../contracts/project.ts';
import type { DataManifest } from '../../contracts/project.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { parseOrThrow } from '../../errors/zod-error.ts';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import { digestOfFile } from './digest.ts';
import { createOciLayoutStore } from './layout-store.ts';
import type { OciLayoutStore } from './layout-store.ts';
import type { Descriptor } from './media-types.ts';
import { MODEL_PACK, packLayers, RECORD_PATH } from './model-pack.ts';
import type { PackRecord } from './model-pack.ts';

/** A pack that was found whole: every blob has its digest, and every artefact of the version is among them. */
export interface ReadPack extends PackRecord {
  readonly name: string;
  readonly manifest: string;
  /** Files of the data set that the version was trained on; their bytes are not part of a pack. */
  readonly files: DataManifest['files'];
  /** Puts every artefact into a store. */
  store(artefacts: ArtefactStore): Promise<void>;
}

const descriptorSchema = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).default({}),
});
const manifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  artifactType: z.literal(MODEL_PACK.artifactType, 'expected the artifact type of a ModelPack'),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).min(1),
});
const nullableRef = artefactRefSchema.nullable();
const recordSchema = z.looseObject({
  schema: z.literal('windlass.pack/1'),
  registration: z.looseObject({
    name: z.string().regex(/^[a-z][a-z0-9-]*$/),
    digest: digestSchema,
    ...{ onnx: artefactRefSchema, golden: artefactRefSchema, baseline: artefactRefSchema },
    folds: z.record(z.string(), artefactRefSchema),
    ...{ card: nullableRef, log: nullableRef },
    data: z.looseObject({ digest: digestSchema, manifest: artefactRefSchema }),
    gates: z.array(z.looseObject({ name: z.string(), status: z.string() })),
    comparison: z.looseObject({ verdict: z.string(), reason: z.string() }),
  }),
  pipeline: z.looseObject({
    name: z.string().regex(/^[a-z][a-z0-9-]*$/),
    digest: z.string().min(1),
    source: z.looseObject({ commit: z.string(), repository: z.string(), bundle: artefactRefSchema }),
    environment: z.string(),
    spec: projectSchema,
  }),
});

/**
 * Reads and verifies a pack in an OCI layout; nothing is written. `wanted` ("pump-health:3") chooses one of several. Throws
 * NOT_FOUND, INPUT_INVALID when it is no pack of Windlass, and ARTEFACT_CORRUPT that names the blob which was tampered with.
 */
export async function readModelPack(dir: string, wanted?: string): Promise<ReadPack> {
  const store = createOciLayoutStore(dir);
  const { name, digest } = await choose(store, wanted);
  const invalid = { code: 'INPUT_INVALID', what: `The manifest ${digest} in ${dir}` } as const;
  const manifest = parseOrThrow(manifestSchema, await store.readJson(digest), invalid);
  const paths = new Map<string, string>();
  for (const blob of [manifest.config, ...manifest.layers])
    paths.set(blob.digest, await verifiedPath(store, blob));

  const layer = manifest.layers.find((l) => l.annotations[MODEL_PACK.filepath] === RECORD_PATH);
  if (layer === undefined)
    throw new WindlassError(
      'INPUT_INVALID',
      `The pack ${name} has no ${RECORD_PATH}: another tool wrote it.`,
      {
        hint: 'A model that was trained elsewhere is taken in by `windlass models import FILE`.',
      },
    );
  const what = { code: 'INPUT_INVALID', what: `${RECORD_PATH} of the pack ${name}` } as const;
  const record = parseOrThrow(
    recordSchema,
    await store.readJson(layer.digest),
    what,
  ) as unknown as PackRecord;
  if (record.registration.digest !== record.registration.onnx.digest)
    throw new WindlassError('INPUT_INVALID', `${RECORD_PATH} names two digests for the model file.`);
  const layers = packLayers(record);
  const missing = layers.find(({ ref }) => !paths.has(ref.digest));
  if (missing !== undefined)
    throw new WindlassError('NOT_FOUND', `The pack ${name} lacks ${missing.path} (${missing.ref.digest}).`);
  const manifestPath = paths.get(record.registration.data.manifest.digest) ?? '';
  const { files } = JSON.parse(await readFile(manifestPath, 'utf8')) as DataManifest;
  return {
    ...{ ...record, name, manifest: digest, files },
    store: async (artefacts) => {
      for (const { ref } of layers) {
        const put = await artefacts.putFile(paths.get(ref.digest) ?? '', ref.mediaType);
        // Somebody may have changed the file since it was verified.
        if (put.digest !== ref.digest) throw tampered(ref.digest, put.digest);
      }
    },
  };
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
