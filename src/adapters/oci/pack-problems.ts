import { parse } from 'yaml';
import { projectSchema } from '../../contracts/project/project.ts';
import type { DataManifest } from '../../contracts/data/data-manifest.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import { canonicalJson } from '../../base/canonical-json.ts';
import { dataSetIdentity } from '../../domain/data/data-set-identity.ts';
import { environmentSource } from '../../domain/pipelines/environment-source.ts';
import { pipelineIdentity } from '../../domain/pipelines/pipeline-identity.ts';
import type { ProjectFile } from '../../ports/source-control.ts';
import { digestOf } from '../../base/digest.ts';
import { MODEL_PACK, packLayers, RECORD_PATH } from './model-pack.ts';
import type { PackRecord } from './model-pack.ts';
import type { ReadConfig, ReadManifest } from './pack-schema.ts';

export interface PackProblem {
  /** Of windlass.json, of the manifest or of its configuration. */
  readonly field: string;
  readonly problem: string;
}

/** The parts of a pack, each of which is sound in itself. */
interface PackParts {
  readonly manifest: ReadManifest;
  readonly config: ReadConfig;
  readonly record: PackRecord;
  /**
   * `pipeline.spec` as it is written, without the defaults of today: its digest is taken of that.
   */
  readonly spec: object;
  readonly data: DataManifest;
  /** The source bundle. */
  readonly files: readonly ProjectFile[];
}

/**
 * Everything in which the parts of a pack contradict each other: nothing in it is believed that can
 * be derived from the rest.
 */
export function packProblems(parts: PackParts): PackProblem[] {
  return [...layerProblems(parts), ...dataProblems(parts), ...pipelineProblems(parts)];
}

const differs = (field: string, found: unknown, expected: unknown): PackProblem[] =>
  found === expected
    ? []
    : [{ field, problem: `is ${JSON.stringify(found)}, and follows to be ${JSON.stringify(expected)}` }];

/** The manifest lists exactly what the record names, under the paths that say what it is. */
function layerProblems({ manifest, config, record }: PackParts): PackProblem[] {
  const { registration, pipeline } = record;
  const at = new Map(manifest.layers.map((layer) => [layer.annotations[MODEL_PACK.filepath], layer]));
  const wanted = packLayers(record);
  const paths = new Set([...wanted.map(({ path }) => path), RECORD_PATH]);
  return [
    ...wanted.flatMap(({ path, ref }) => [
      ...differs(`layers[${path}].digest`, at.get(path)?.digest, ref.digest),
      ...differs(`layers[${path}].size`, at.get(path)?.size, ref.size),
    ]),
    ...[...at.keys()].flatMap((path) =>
      path !== undefined && paths.has(path)
        ? []
        : [{ field: `layers[${path ?? ''}]`, problem: 'is a layer that windlass.json does not name' }],
    ),
    ...differs('layers.length', manifest.layers.length, wanted.length + 1),
    ...differs('registration.digest', registration.digest, registration.onnx.digest),
    ...differs('config.descriptor.name', config.descriptor.name, registration.name),
    ...differs('config.descriptor.revision', config.descriptor.revision, pipeline.source.commit),
    ...differs('config.descriptor.sourceURL', config.descriptor.sourceURL, pipeline.source.repository),
    ...differs(
      'config.modelfs.diff_ids',
      config.modelfs.diff_ids.join(),
      manifest.layers.map((layer) => layer.digest).join(),
    ),
  ];
}

function dataProblems({ record, data }: PackParts): PackProblem[] {
  const ref = record.registration.data;
  const digest = digestOf(dataSetIdentity(data.files));
  const rows = data.files.reduce((sum, file) => sum + file.rows, 0);
  const known = new Set(data.files.map((file) => String(file.fold)));
  return [
    ...differs('data/manifest.json: digest', data.digest, digest),
    ...differs('registration.data.digest', ref.digest, digest),
    ...differs('registration.data.files', ref.files, data.files.length),
    ...differs('registration.data.rows', ref.rows, rows),
    ...Object.keys(record.registration.folds)
      .filter((fold) => !known.has(fold))
      .map((fold) => ({ field: `registration.folds.${fold}`, problem: 'is a fold that no file is in' })),
  ];
}

/**
 * Name and digest of the pipeline follow from the source bundle, which no pack can forge without
 * changing its digest.
 */
function pipelineProblems({ record, spec, files }: PackParts): PackProblem[] {
  const { registration, pipeline } = record;
  const problems = [
    ...differs('registration.pipeline.name', registration.pipeline.name, pipeline.name),
    ...differs('pipeline.spec.name', pipeline.spec.name, pipeline.name),
  ];
  const text = files.find(({ path }) => path === 'windlass.yaml')?.content.toString('utf8');
  const declared = projectSchema.safeParse(text === undefined ? undefined : yamlOf(text));
  if (!declared.success) return [...problems, { field: 'source.tar', problem: 'has no sound windlass.yaml' }];
  if (canonicalJson(declared.data) !== canonicalJson(pipeline.spec))
    problems.push({ field: 'pipeline.spec', problem: 'is not what windlass.yaml in source.tar says' });
  const lock = lockDigest(files, pipeline.spec);
  if (lock === undefined)
    return [
      ...problems,
      { field: 'pipeline.spec.environment', problem: 'names a file that source.tar lacks' },
    ];
  const { bundle, dirty } = pipeline.source;
  const digests = [spec, asFirstRelease(spec)].map((written) =>
    digestOf(pipelineIdentity({ bundle: bundle.digest, lock, spec: written, dirty })),
  );
  if (digests.includes(pipeline.digest)) return problems;
  return [...problems, ...differs('pipeline.digest', pipeline.digest, digests[0])];
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function lockDigest(files: readonly ProjectFile[], { environment }: ProjectSpec): string | undefined {
  const source = environmentSource(environment);
  if (source.kind === 'image') return digestOf(source.reference);
  const content = files.find(({ path }) => path === source.path)?.content;
  return content === undefined ? undefined : digestOf(content);
}

/**
 * A spec as 0.1.0 took its digest: without the fields that a migration filled in since
 * (0019_spec_defaults.sql).
 */
function asFirstRelease(spec: object): object {
  const later = {
    evaluation: ['slices', 'guardrails'],
    gates: ['controlFlow', 'maxStartMs', 'maxMemoryMb'],
  } as const;
  const old = { ...spec } as Record<string, unknown>;
  delete old['registry'];
  for (const [part, fields] of Object.entries(later)) {
    const kept = { ...(old[part] as Record<string, unknown> | undefined) };
    for (const field of fields) delete kept[field];
    old[part] = kept;
  }
  return old;
}
