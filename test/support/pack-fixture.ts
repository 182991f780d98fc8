import { bundleFiles } from '../../src/adapters/git/source-bundle.ts';
import { digestOf } from '../../src/base/digest.ts';
import type { DataFile } from '../../src/contracts/data/data-manifest.ts';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { dataSetIdentity } from '../../src/domain/data/data-set-identity.ts';
import { pipelineIdentity } from '../../src/domain/pipelines/pipeline-identity.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { ModelRegistration } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import { dataRef, pipelineVersion, projectSpec, registration } from './registry-fixtures.ts';
import { TINY_COLUMNS, tinyGolden, tinyModelBytes } from './tiny-model.ts';
import type { TinyModelOptions } from './tiny-model.ts';

export interface PackedVersion {
  readonly registration: ModelRegistration;
  readonly pipeline: Omit<PipelineVersion, 'version' | 'createdAt'>;
}

/**
 * A tiny version whose bytes, digests and names all follow from each other, as those of a build do.
 */
export async function packedVersion(
  artefacts: ArtefactStore,
  { name = 'pump-health', ...options }: TinyModelOptions = {},
): Promise<PackedVersion> {
  const base = projectSpec();
  const spec = projectSpec({
    name,
    data: { ...base.data, columns: TINY_COLUMNS },
    gates: { maxLatencyP99Ms: 500, maxStartMs: 60_000 },
  });
  const [yaml, lock] = [JSON.stringify(spec), 'onnx==1.2.3'].map((text) => Buffer.from(text));
  const source = await bundleFiles([
    { path: 'windlass.yaml', kind: 'file', content: yaml ?? Buffer.of() },
    { path: 'requirements.lock', kind: 'file', content: lock ?? Buffer.of() },
  ]);
  const bundle = await artefacts.put(source, 'application/x-tar');
  const made = pipelineVersion();
  const identity = { bundle: bundle.digest, lock: digestOf(lock ?? ''), spec, dirty: false };
  const digest = digestOf(pipelineIdentity(identity));
  const pipeline = { ...made, name, spec, digest, source: { ...made.source, bundle } };
  const file = { sha256: digestOf('rows').slice(7), rows: 10, labelled: true };
  const files: DataFile[] = [0, 1].map((fold) => ({
    ...file,
    path: `p/${fold}.csv`,
    group: `p/${fold}`,
    fold,
  }));
  const dataDigest = digestOf(dataSetIdentity(files));
  const put = (text: string | Uint8Array, type = 'application/octet-stream') => artefacts.put(text, type);
  const manifest = await put(
    canonicalJson({ schema: 'windlass.data/1', digest: dataDigest, files }),
    'application/json',
  );
  const onnx = await put(tinyModelBytes(options));
  return {
    pipeline,
    registration: {
      ...registration(),
      name,
      digest: onnx.digest,
      onnx,
      pipeline: { name, version: '1' },
      golden: await put(JSON.stringify(tinyGolden({ goldenRows: 1000, ...options }))),
      baseline: await put('baseline'),
      folds: { 0: await put(tinyModelBytes({ ...options, bias: -3 })), 1: onnx },
      card: await put('{"card":true}', 'application/json'),
      data: { ...dataRef(), digest: dataDigest, files: 2, rows: 20, manifest },
    },
  };
}
