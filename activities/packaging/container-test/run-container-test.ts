import type { PackagedImage } from '../../../src/contracts/packaging/image.ts';
import type { ModelManifest } from '../../../src/contracts/device/model-manifest.ts';
import type { GateResult } from '../../../src/contracts/gate.ts';
import type { GoldenFile } from '../../../src/contracts/model/golden-file.ts';
import { WindlassError } from '../../../src/errors/windlass-error.ts';
import type { ImageInstance, ImageRunner } from '../../../src/ports/image-instance.ts';
import type { Suite } from './suite-tools.ts';
import { functionalSuite } from './functional-suite.ts';
import { hardeningSuite } from './hardening-suite.ts';
import { offlineSuite } from './offline-suite.ts';
import { performanceSuite } from './performance-suite.ts';
import { messageOf } from '../../../src/base/error-message.ts';
import { gate } from '../../../src/domain/gates/build.ts';

const SUITES: ReadonlyArray<readonly [name: string, suite: Suite]> = [
  ['functional', functionalSuite],
  ['offline', offlineSuite],
  ['performance', performanceSuite],
  ['hardening', hardeningSuite],
];

export interface ContainerTest {
  readonly image: PackagedImage;
  readonly manifest: ModelManifest;
  readonly golden: GoldenFile;
  readonly maxLatencyP99Ms: number;
  readonly signal?: AbortSignal;
  readonly progress?: (message: string) => void;
}

export interface ContainerTestResult {
  readonly gates: GateResult[];
  readonly evidence: {
    readonly description: string;
    readonly startMs: number | null;
    readonly seconds: number;
    /** The server's last lines. */
    readonly log: readonly string[];
  };
}

/**
 * Starts the image, runs all suites one after the other, and always stops and removes it. A server
 * that does not start, or that stops answering in the middle of a suite, is a failed gate; only
 * what is not the image's fault is thrown.
 */
export async function runContainerTest(
  runner: ImageRunner,
  test: ContainerTest,
): Promise<ContainerTestResult> {
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  test.progress?.('starting the image');
  let instance: ImageInstance;
  try {
    instance = await runner.start(test.image, { signal: test.signal });
  } catch (error) {
    if (!(error instanceof WindlassError) || error.code !== 'CONTAINER_TEST_FAILED') throw error;
    const { log = [] } = (error.details ?? {}) as { log?: string[] };
    const gates = [
      gate('container.start', false, {
        observed: false,
        threshold: true,
        n: 1,
        reason: error.message,
        evidence: { log },
      }),
    ];
    return { gates, evidence: { description: 'did not start', startMs: null, seconds: seconds(), log } };
  }
  try {
    const gates = [
      gate('container.start', true, { observed: true, threshold: true, n: 1, reason: instance.description }),
    ];
    for (const [name, suite] of SUITES) {
      test.signal?.throwIfAborted();
      test.progress?.(`${name} suite`);
      gates.push(...(await runSuite({ name, suite, instance, test })));
    }
    const log = (await instance.logs()).trim().split('\n').slice(-50);
    return {
      gates,
      evidence: { description: instance.description, startMs: instance.startMs, seconds: seconds(), log },
    };
  } finally {
    await instance.stop();
  }
}

async function runSuite(run: {
  name: string;
  suite: Suite;
  instance: ImageInstance;
  test: ContainerTest;
}): Promise<GateResult[]> {
  const { name, suite, instance, test } = run;
  const { manifest, golden, maxLatencyP99Ms, signal } = test;
  try {
    return await suite({ instance, manifest, golden, maxLatencyP99Ms, signal });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const log = (await instance.logs()).trim().split('\n').slice(-20);
    const said = lastError(log);
    const reason = `the suite could not be finished: ${messageOf(error)}${said === undefined ? '' : `; the server said: ${said}`}`;
    return [
      gate(`container.${name}`, false, { observed: null, threshold: null, n: 0, reason, evidence: { log } }),
    ];
  }
}

/**
 * The last error that the server logged, in its own words; it is the cause when a call to it fails.
 */
function lastError(log: readonly string[]): string | undefined {
  for (const line of log.toReversed())
    try {
      const { level, msg, error } = JSON.parse(line) as Record<string, unknown>;
      if (level === 'error') return [msg, error].filter((part) => typeof part === 'string').join(': ');
    } catch {
      // not one of its log lines
    }

  return undefined;
}
