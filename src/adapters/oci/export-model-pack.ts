import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtefactStore } from '../../ports/artefact-store.ts';
import type { ModelVersion } from '../../contracts/model/model-version.ts';
import type { PipelineVersion } from '../../contracts/build/pipeline-version.ts';
import { jsonBlob } from '../../base/digest.ts';
import { createOciLayoutStore } from './layout-store.ts';
import type { OciLayoutStore } from './layout-store.ts';
import type { Descriptor } from './media-types.ts';
import { OCI } from './media-types.ts';
import {
  layerDescriptor,
  MODEL_PACK,
  packConfig,
  packLayers,
  packRecord,
  RECORD_PATH,
} from './model-pack.ts';
import type { PackManifest } from './model-pack.ts';

interface ExportedPack {
  readonly manifest: string;
  readonly layers: number;
  readonly bytes: number;
}

/**
 * Writes a version as an OCI layout in ModelPack form into a folder, which may hold others already.
 * The same version gives the same manifest digest. Throws NOT_FOUND or ARTEFACT_CORRUPT of an
 * artefact, before the layout names the version.
 */
export async function exportModelPack(
  { artefacts, dir }: { artefacts: ArtefactStore; dir: string },
  model: ModelVersion,
  published: PipelineVersion,
): Promise<ExportedPack> {
  const store = createOciLayoutStore(dir);
  const record = packRecord(model, published);
  await mkdir(store.scratch, { recursive: true });
  try {
    const layers = packLayers(record);
    for (const { ref } of layers) {
      if (await store.hasBlob(ref.digest)) continue;
      const path = join(store.scratch, randomUUID());
      await artefacts.toFile(ref.digest, path);
      await store.adoptBlob(ref.digest, path);
    }
    const described = [
      ...layers.map(layerDescriptor),
      await putJson(store, record, { mediaType: MODEL_PACK.weightConfig, path: RECORD_PATH }),
    ];
    const config = await putJson(store, packConfig(model, record, described), {
      mediaType: MODEL_PACK.config,
    });
    const manifest = manifestOf(model, record.pipeline.source, { config, layers: described });
    const { bytes, digest } = jsonBlob(manifest);
    await store.putManifest(model.name, { digest, bytes, mediaType: OCI.manifest, tag: model.version });
    return {
      manifest: digest,
      layers: described.length,
      bytes: described.reduce((sum, layer) => sum + layer.size, 0),
    };
  } finally {
    await rm(store.scratch, { recursive: true, force: true });
  }
}

function manifestOf(
  model: ModelVersion,
  source: PipelineVersion['source'],
  { config, layers }: { config: Descriptor; layers: readonly Descriptor[] },
): PackManifest {
  return {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    artifactType: MODEL_PACK.artifactType,
    config,
    layers,
    annotations: {
      'org.opencontainers.image.title': model.name,
      'org.opencontainers.image.version': model.version,
      'org.opencontainers.image.created': model.createdAt,
      'org.opencontainers.image.source': source.repository,
      'org.opencontainers.image.revision': source.commit,
    },
  };
}

async function putJson(
  store: OciLayoutStore,
  value: object,
  { mediaType, path }: { mediaType: string; path?: string },
): Promise<Descriptor> {
  const { bytes, digest, size } = jsonBlob(value);
  const file = join(store.scratch, randomUUID());
  await writeFile(file, bytes);
  await store.adoptBlob(digest, file);
  const annotations = path === undefined ? undefined : { [MODEL_PACK.filepath]: path };
  return { mediaType, digest, size, annotations };
}
