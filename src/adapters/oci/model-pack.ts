import type { ArtefactRef } from '../../contracts/artefact.ts';
import { artefactsIn } from '../../contracts/artefact.ts';
import type { ModelVersion } from '../../contracts/model/model-version.ts';
import type { PipelineVersion } from '../../contracts/build/pipeline-version.ts';
import type { Descriptor } from './media-types.ts';

/**
 * Media types and annotations of the CNCF ModelPack specification: modelpack/model-spec,
 * `specs-go/v1`, with its `cncf` names.
 */
export const MODEL_PACK = {
  artifactType: 'application/vnd.cncf.model.manifest.v1+json',
  config: 'application/vnd.cncf.model.config.v1+json',
  weight: 'application/vnd.cncf.model.weight.v1.raw',
  weightConfig: 'application/vnd.cncf.model.weight.config.v1.raw',
  doc: 'application/vnd.cncf.model.doc.v1.raw',
  code: 'application/vnd.cncf.model.code.v1.tar',
  dataset: 'application/vnd.cncf.model.dataset.v1.raw',
  filepath: 'org.cncf.model.filepath',
} as const;

/** The layer with what Windlass itself knows of the version; other tools see a JSON file. */
export const RECORD_PATH = 'windlass.json';

interface PackLayer {
  readonly path: string;
  readonly mediaType: string;
  readonly ref: ArtefactRef;
}

/**
 * What is needed to register the version in another registry: all but state, aliases and approvals,
 * which are given there anew.
 */
export interface PackRecord {
  readonly schema: 'windlass.pack/1';
  readonly registration: Omit<ModelVersion, 'version' | 'state' | 'aliases' | 'createdAt' | 'createdBy'>;
  readonly pipeline: Omit<PipelineVersion, 'version' | 'createdAt'>;
}

export interface PackManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export function packRecord(model: ModelVersion, published: PipelineVersion): PackRecord {
  const { version: _v, state: _s, aliases: _a, createdAt: _c, createdBy: _b, ...registration } = model;
  const { version: _pv, createdAt: _pc, ...pipeline } = published;
  return { schema: 'windlass.pack/1', registration, pipeline };
}

/**
 * Every artefact of a version as a layer with a path that says what it is; each digest once, in a
 * fixed order.
 */
export function packLayers({ registration: r, pipeline }: PackRecord): PackLayer[] {
  const { weight, weightConfig, doc, code, dataset } = MODEL_PACK;
  const named: PackLayer[] = [
    { path: 'model.onnx', mediaType: weight, ref: r.onnx },
    ...Object.entries(r.folds).map(([k, ref]) => ({ path: `folds/${k}.onnx`, mediaType: weight, ref })),
    { path: 'baseline.json', mediaType: weightConfig, ref: r.baseline },
    { path: 'golden.json', mediaType: dataset, ref: r.golden },
    { path: 'data/manifest.json', mediaType: dataset, ref: r.data.manifest },
    ...(r.card === null ? [] : [{ path: 'card.json', mediaType: doc, ref: r.card }]),
    ...(r.log === null ? [] : [{ path: 'train.log', mediaType: doc, ref: r.log }]),
    { path: 'source.tar', mediaType: code, ref: pipeline.source.bundle },
  ];
  const others = artefactsIn(r).map((ref) => ({
    path: `artefacts/${ref.digest.slice(7, 19)}`,
    mediaType: doc,
    ref,
  }));
  const first = new Map<string, PackLayer>();
  for (const layer of [...named, ...others])
    if (!first.has(layer.ref.digest)) first.set(layer.ref.digest, layer);
  return [...first.values()];
}

/**
 * The model configuration of the specification: who made what, from which commit. Raw layers have
 * their digest as diff id.
 */
export function packConfig(model: ModelVersion, record: PackRecord, layers: readonly Descriptor[]): object {
  const { repository, commit } = record.pipeline.source;
  return {
    descriptor: {
      createdAt: model.createdAt,
      authors: [model.createdBy],
      family: model.name,
      name: model.name,
      version: model.version,
      description: record.pipeline.spec.description || undefined,
      sourceURL: repository,
      revision: commit,
    },
    config: { format: 'onnx' },
    modelfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  };
}

export function layerDescriptor({ path, mediaType, ref }: PackLayer): Descriptor {
  return { mediaType, digest: ref.digest, size: ref.size, annotations: { [MODEL_PACK.filepath]: path } };
}
