import type { ImageMode, PackagedImage } from '../contracts/packaging/image.ts';

export interface InstanceRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

export interface InstanceResponse {
  readonly status: number;
  readonly body: string;
  /** Wall milliseconds from sending to the last byte. */
  readonly ms: number;
}

/**
 * What the kernel says about the running server, seen from inside; null where it cannot be told.
 */
export interface InstanceFacts {
  readonly uid: number | null;
  readonly rootReadOnly: boolean | null;
  /** Names of the network interfaces that the server sees. */
  readonly networkInterfaces: readonly string[] | null;
  /** Effective capabilities as the kernel's hex mask. */
  readonly capabilities: string | null;
  readonly noNewPrivileges: boolean | null;
  /** Limits in bytes and processes; null when there is none. */
  readonly memoryLimitBytes: number | null;
  readonly pidsLimit: number | null;
}

export interface ImageInstance {
  readonly mode: ImageMode;
  /** How it runs, in words for a report, e.g. which node binary. */
  readonly description: string;
  /** Milliseconds from the start of the process until it said that it is ready. */
  readonly startMs: number;
  request(request: InstanceRequest): Promise<InstanceResponse>;
  facts(): Promise<InstanceFacts>;
  /** Highest memory use since the start, in bytes. */
  memoryPeakBytes(): Promise<number | null>;
  /** The last lines that the server wrote. */
  logs(): Promise<string>;
  /** Stops and removes everything the instance left; repeating it is harmless. */
  stop(): Promise<void>;
}

/**
 * Runs one image for a test, shut off from everything else. Errors: DOCKER_UNAVAILABLE,
 * PACKAGING_FAILED, CONTAINER_TEST_FAILED.
 */
export interface ImageRunner {
  readonly mode: ImageMode;
  start(
    image: PackagedImage,
    options?: { env?: Readonly<Record<string, string>>; readyTimeoutMs?: number; signal?: AbortSignal },
  ): Promise<ImageInstance>;
  /** Removes what a killed worker left behind; says how many things it removed. */
  sweep(): Promise<number>;
}
