import { findModel, type ModelLookUp } from '../../src/application/find-model.ts';
import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ImageMode, PackagedImage } from '../../src/contracts/packaging/image.ts';
import { formatReference } from '../../src/domain/registry/reference.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { AssembledImage, ImageAssembler } from '../../src/ports/image-assembler.ts';
import type { ImageRunner } from '../../src/ports/image-instance.ts';
import type { ModelVersion } from '../../src/contracts/model/model-version.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import type { PipelineRegistry } from '../../src/ports/registry/pipelines.ts';
import type { SourceControl } from '../../src/ports/source-control.ts';
import { runContainerTest } from './container-test/run-container-test.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';
import { entryFiles } from './entry-files.ts';
import { parseGolden } from './golden-rows.ts';
import { imageSpec, modelManifest } from './image-spec.ts';

export interface AssembleRequest {
  /** The version's number, or an alias. */
  readonly model: { readonly name: string; readonly version: string };
  /**
   * Absent: those of windlass.yaml's `serve.platforms`, or the platform of the packaging worker.
   */
  readonly platforms?: readonly string[];
}

export interface TestRequest {
  readonly image: PackagedImage;
  readonly model: { readonly name: string; readonly version: string };
}

export interface ImageTestResult {
  readonly mode: ImageMode;
  readonly gates: readonly GateResult[];
  /** The whole test as JSON: gates, latencies, what the kernel said, the server's log. */
  readonly report: ArtefactRef;
}

/** How images are made and run here: on a Docker Engine, or without one. */
export interface PackagingTools {
  readonly assembler: ImageAssembler;
  readonly runner: ImageRunner;
}

export interface PackagingDeps {
  readonly registry: ModelLookUp & Pick<PipelineRegistry, 'pipeline'>;
  readonly artefacts: ArtefactStore;
  readonly source: Pick<SourceControl, 'readBundle'>;
  /** Asked at each activity, because an engine may come and go. */
  readonly tools: () => Promise<PackagingTools>;
  /** Told what an assembled image consists of. */
  readonly onAssembled?: (image: AssembledImage, seconds: number) => void;
}

export type PackagingActivities = ReturnType<typeof createPackagingActivities>;

/**
 * Activities of the `packaging` queue: they make images of model versions and test them. Both are
 * idempotent and heartbeat every two seconds.
 */
export function createPackagingActivities(deps: PackagingDeps) {
  const lookUp = async (
    ref: AssembleRequest['model'],
  ): Promise<{ model: ModelVersion; pipeline: PipelineVersion }> => {
    const model = await findModel(deps.registry, formatReference(ref));
    const { name, version } = model.pipeline;
    const pipeline = await deps.registry.pipeline(name, version);
    if (pipeline === undefined)
      throw new WindlassError(
        'NOT_FOUND',
        `The pipeline ${name}@${version} of ${ref.name} is not published.`,
      );
    return { model, pipeline };
  };

  return {
    /**
     * Builds the image of a model version for its platforms, stores it (and pushes it when
     * packaging.registry is set). Equal inputs give the same digest; recording it with the version
     * is the control queue's. Errors: NOT_FOUND, INPUT_INVALID (a platform that cannot be built),
     * PROJECT_INVALID (no entry script), PACKAGING_FAILED, DOCKER_UNAVAILABLE.
     */
    assembleImage: (request: AssembleRequest): Promise<PackagedImage> =>
      withHeartbeats(async (report, signal) => {
        const began = performance.now();
        const { model, pipeline } = await lookUp(request.model);
        const { artefacts } = deps;
        const [onnx, golden, baseline, bundle] = await Promise.all([
          artefacts.read(model.onnx.digest),
          artefacts.read(model.golden.digest),
          artefacts.read(model.baseline.digest),
          artefacts.read(pipeline.source.bundle.digest),
        ]);
        const { serve } = pipeline.spec;
        const entry = entryFiles(await deps.source.readBundle(bundle), serve);
        const platforms = request.platforms ?? (serve.platforms.length > 0 ? serve.platforms : undefined);
        const parts = { model, pipeline, onnx, golden: parseGolden(golden), baseline, entry, platforms };
        const { assembler, runner } = await deps.tools();
        const assembled = await assembler.assemble(imageSpec(parts), {
          signal,
          progress: (message) => report({ message }),
        });
        const image = packaged(assembled, runner.mode);
        deps.onAssembled?.(assembled, (performance.now() - began) / 1000);
        return image;
      }),

    /**
     * Starts the image shut off from everything, runs the functional, performance, offline and
     * hardening suites, and removes it again. An image that does not pass is a result with failed
     * gates, not an error. Errors: NOT_FOUND, PACKAGING_FAILED, DOCKER_UNAVAILABLE.
     */
    testImage: ({ image, model: ref }: TestRequest): Promise<ImageTestResult> =>
      withHeartbeats(async (report, signal) => {
        const { model, pipeline } = await lookUp(ref);
        const golden = parseGolden(await deps.artefacts.read(model.golden.digest));
        const { runner } = await deps.tools();
        await runner.sweep();
        const { gates, evidence } = await runContainerTest(runner, {
          image,
          golden,
          manifest: modelManifest(model, pipeline),
          maxLatencyP99Ms: pipeline.spec.gates.maxLatencyP99Ms,
          signal,
          progress: (message) => report({ message }),
        });
        const document = {
          schema: 'windlass.container-test/1',
          image: image.reference,
          mode: runner.mode,
          gates,
          evidence,
        };
        const stored = await deps.artefacts.put(JSON.stringify(document, null, 2), 'application/json');
        return { mode: runner.mode, gates, report: stored };
      }),
  };
}

function packaged(
  { digest, repository, reference, platforms }: AssembledImage,
  mode: ImageRunner['mode'],
): PackagedImage {
  return {
    digest,
    repository,
    reference,
    platforms: platforms.map((p) => ({
      platform: p.platform,
      digest: p.digest,
      layers: p.layers,
      size: p.size,
    })),
    mode,
  };
}
