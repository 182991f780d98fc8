import type { ArtefactRef } from '../../src/contracts/artefact.ts';
import type { ImageMode, PackagedImage } from '../../src/contracts/packaging/image.ts';
import type { GateResult } from '../../src/contracts/gate.ts';

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

/**
 * Activities of the `packaging` task queue. Both are idempotent and heartbeat every two seconds.
 */
export interface PackagingActivities {
  /**
   * Builds the image of a model version for its platforms, stores it (and pushes it when
   * packaging.registry is set). Equal inputs give the same digest; recording it with the version is
   * the control queue's. Errors: NOT_FOUND, INPUT_INVALID (a platform that cannot be built),
   * PROJECT_INVALID (no entry script), PACKAGING_FAILED, DOCKER_UNAVAILABLE.
   */
  assembleImage(request: AssembleRequest): Promise<PackagedImage>;
  /**
   * Starts the image shut off from everything, runs the functional, performance, offline and
   * hardening suites, and removes it again. An image that does not pass is a result with failed
   * gates, not an error. Errors: NOT_FOUND, PACKAGING_FAILED, DOCKER_UNAVAILABLE.
   */
  testImage(request: TestRequest): Promise<ImageTestResult>;
}
