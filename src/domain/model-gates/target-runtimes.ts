import type { ProjectSpec } from '../../contracts/project/project.ts';

export type Platform = ProjectSpec['serve']['platforms'][number];

/** What the runtime on a platform opens at most. */
export interface TargetRuntime {
  readonly runtime: string;
  readonly version: string;
  readonly maxOpset: number;
  /** Newest operator set of ai.onnx.ml. */
  readonly maxMlOpset: number;
  readonly maxIrVersion: number;
}

/**
 * Source: onnxruntime-node 1.30.0 itself, given models of each operator set and IR version (it
 * refuses set 27, ML set 6 and IR 14 with its own words; test/integration/model-gates.test.ts
 * repeats this); both packages are builds of the same release.
 */
const RELEASE_1_30 = { version: '1.30.0', maxOpset: 26, maxMlOpset: 5, maxIrVersion: 13 } as const;
/** Where there is a native build. */
export const NATIVE_RUNTIME: TargetRuntime = { runtime: 'onnxruntime-node', ...RELEASE_1_30 };

/** The runtime of each platform that an image is made for. */
export const TARGET_RUNTIMES: Readonly<Record<Platform, TargetRuntime>> = {
  'linux/amd64': NATIVE_RUNTIME,
  'linux/arm64': NATIVE_RUNTIME,
  // There is no native build.
  'linux/arm/v7': { runtime: 'onnxruntime-web', ...RELEASE_1_30 },
};

/** The runtimes that must all open a model: those of the named platforms, or of all. */
export function targetRuntimes(platforms: readonly Platform[]): TargetRuntime[] {
  const all = Object.keys(TARGET_RUNTIMES) as Platform[];
  return (platforms.length === 0 ? all : platforms).map((p) => TARGET_RUNTIMES[p]);
}
