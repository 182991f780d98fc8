import { nearestRank } from '../../../src/domain/statistics/quantiles.ts';
import { calibrationTensors } from '../../../src/contracts/device/calibration.ts';
import type { ModelManifest } from '../../../src/contracts/device/model-manifest.ts';
import type { GateResult } from '../../../src/contracts/gate.ts';
import type { GoldenFile } from '../../../src/contracts/model/golden-file.ts';
import type { ImageInstance, InstanceRequest, InstanceResponse } from '../../../src/ports/image-instance.ts';

/** What every suite works on. */
export interface TestSubject {
  readonly instance: ImageInstance;
  readonly manifest: ModelManifest;
  readonly golden: GoldenFile;
  readonly maxLatencyP99Ms: number;
  readonly signal?: AbortSignal;
}

/** A part of the container test: its gates, in the order a person reads them. */
export type Suite = (subject: TestSubject) => Promise<GateResult[]>;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly ms: number;
}

/**
 * Sends a request and reads the answer as JSON; an answer that is no JSON comes back as its text.
 */
export async function ask(instance: ImageInstance, request: InstanceRequest): Promise<Answer> {
  const { status, body, ms }: InstanceResponse = await instance.request(request);
  try {
    return { status, ms, body: JSON.parse(body) as unknown };
  } catch {
    return { status, ms, body };
  }
}

/** A member of an answer, however deep; undefined where the way there ends. */
export function at(value: unknown, ...path: ReadonlyArray<string | number>): unknown {
  return path.reduce<unknown>(
    (here, key) =>
      typeof here === 'object' && here !== null ? (here as Record<string | number, unknown>)[key] : undefined,
    value,
  );
}

/** Rounded for reports: three decimals. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The value below which a share `q` of the sorted values lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  return nearestRank(
    values.toSorted((a, b) => a - b),
    q,
  );
}

/** An Open Inference Protocol v2 request with all tensors of some golden rows. */
export function inferBody(golden: GoldenFile): { inputs: unknown[] } {
  const inputs = Object.entries(golden.inputs).map(([name, { shape, data }]) => ({
    name,
    shape,
    datatype: 'FP32',
    data,
  }));
  return { inputs };
}

/** The body of `POST /score` for one golden row; `spoil` changes the window's rows first. */
export function scoreBody(
  golden: GoldenFile,
  manifest: ModelManifest,
  options: { row: number; spoil?: (window: Array<Array<number | null>>) => void },
): { window: Array<Array<number | null>>; calibration: Record<string, number[]> } {
  const { row, spoil } = options;
  const width = manifest.columns.length;
  const part = (name: string, length: number): number[] =>
    golden.inputs[name]?.data.slice(row * length, (row + 1) * length) ?? [];
  const flat = part(manifest.input, manifest.window * width);
  const window = Array.from({ length: manifest.window }, (_, i): Array<number | null> =>
    flat.slice(i * width, (i + 1) * width),
  );
  spoil?.(window);
  const calibration = Object.fromEntries(
    calibrationTensors(manifest.calibration, width).map(({ name, shape }) => [
      name,
      part(
        name,
        shape.reduce((product, size) => product * size, 1),
      ),
    ]),
  );
  return { window, calibration };
}
