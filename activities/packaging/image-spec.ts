import { deviceCalibrationSchema } from '../../src/contracts/device/calibration.ts';
import { IMAGE_LAYOUT } from '../../src/contracts/device/model-manifest.ts';
import type { ModelManifest } from '../../src/contracts/device/model-manifest.ts';
import type { ImageEntry, ImageSpec } from '../../src/ports/image-assembler.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { GoldenFile } from '../../src/contracts/model/golden-file.ts';
import { compactGolden, goldenSlice } from './golden-rows.ts';

/** Golden rows that go to every device, where they are scored at each start. */
const DEVICE_GOLDEN_ROWS = 64;

/**
 * What the edge module finds out about its model: the registry's facts in the form of `model.json`.
 */
export function modelManifest(model: ModelVersion, { spec }: PipelineVersion): ModelManifest {
  return {
    schema: 'windlass.model/1',
    name: model.name,
    version: model.version,
    digest: model.digest,
    columns: spec.data.columns.map(({ name, unit, min, max }) => ({ name, unit, min, max })),
    window: spec.model.window,
    input: spec.model.input,
    calibration: deviceCalibrationSchema.parse(spec.model.calibration),
    output: spec.model.output,
    threshold: spec.model.threshold,
    windowsPerSummary: spec.monitoring.windowsPerSummary,
    parityTolerance: model.optimisation?.parityTolerance ?? spec.gates.parityTolerance,
  };
}

export interface ModelParts {
  readonly model: ModelVersion;
  readonly pipeline: PipelineVersion;
  readonly onnx: Buffer;
  readonly golden: GoldenFile;
  readonly baseline: Buffer;
  readonly entry: readonly ImageEntry[];
  readonly platforms?: readonly string[];
}

/** All that is particular to a model version's image. */
export function imageSpec(parts: ModelParts): ImageSpec {
  const { model, pipeline, onnx, baseline, entry, platforms } = parts;
  const golden = compactGolden(goldenSlice(parts.golden, 0, DEVICE_GOLDEN_ROWS));
  return {
    name: model.name,
    tag: model.version,
    platforms,
    entry,
    model: [
      file(IMAGE_LAYOUT.model, onnx),
      file(IMAGE_LAYOUT.manifest, JSON.stringify(modelManifest(model, pipeline))),
      file(IMAGE_LAYOUT.golden, JSON.stringify(golden)),
      file(IMAGE_LAYOUT.baseline, baseline),
    ],
    labels: labels(model, pipeline),
  };
}

function file(path: string, content: Buffer | string): ImageEntry {
  return { type: 'file', path, content: Buffer.from(content) };
}

/**
 * Labels that hold for everybody who builds the same thing: no times, and no folders of the machine
 * that built it.
 */
function labels(
  model: ModelVersion,
  { name, version, source, spec }: PipelineVersion,
): Record<string, string> {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(source.repository) && !source.repository.startsWith('file:');
  return {
    'org.opencontainers.image.title': model.name,
    'org.opencontainers.image.version': model.version,
    'org.opencontainers.image.revision': source.commit,
    ...(isUrl ? { 'org.opencontainers.image.source': source.repository } : {}),
    ...(spec.description === '' ? {} : { 'org.opencontainers.image.description': spec.description }),
    'io.windlass.model': model.name,
    'io.windlass.version': model.version,
    'io.windlass.model.digest': model.digest,
    'io.windlass.pipeline': `${name}@${version}`,
    'io.windlass.data': model.data.digest,
    ...(source.dirty ? { 'io.windlass.dirty': 'true' } : {}),
  };
}
