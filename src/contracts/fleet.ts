import { z } from 'zod';
import { deviceCalibrationSchema } from './calibration.ts';

/** The module slot on each device that runs the scored model; also the key of its target tag. */
export const MODULE_SLOT = 'scorer';

/** Device twin tags that Windlass reads and writes. `windlass.<slot>` holds the target, e.g. "pump-health-2". */
export const deviceTagsSchema = z.looseObject({
  site: z.string().default('unknown'),
  platform: z.string().default('linux/amd64'),
  link: z.string().default('lan'),
  redundancyGroup: z.string().optional(),
  windlass: z.record(z.string(), z.string()).default({}),
});
export type DeviceTags = z.output<typeof deviceTagsSchema>;

/** Value of the target tag and id of the hub configuration of one model version. */
export function targetName(model: string, version: string): string {
  return `${model}-${version}`;
}

/** Model and version of a target tag: versions are whole numbers, so the last hyphen divides them. */
export function parseTarget(target: string): { model: string; version: string } {
  const at = target.lastIndexOf('-');
  return { model: target.slice(0, at), version: target.slice(at + 1) };
}

export function targetCondition(model: string, version: string): string {
  return `tags.windlass.${MODULE_SLOT}='${targetName(model, version)}'`;
}

/** Label inside an image (and file `/windlass/model.json`): what the edge module finds out about its model. */
export const modelManifestSchema = z.object({
  schema: z.literal('windlass.model/1'),
  name: z.string(),
  version: z.string(),
  /** sha256 of model.onnx */
  digest: z.string(),
  columns: z.array(z.object({ name: z.string(), unit: z.string(), min: z.number(), max: z.number() })),
  window: z.number().int().positive(),
  /** Name of the input that takes the window. */
  input: z.string(),
  calibration: deviceCalibrationSchema,
  output: z.string(),
  threshold: z.number(),
  windowsPerSummary: z.number().int().positive(),
  parityTolerance: z.number().positive(),
});
export type ModelManifest = z.infer<typeof modelManifestSchema>;

/**
 * Files of the image below `/windlass` (IMAGE_LAYOUT.root): the model layer (last) holds model.onnx, model.json, golden.json (at most 64 rows,
 * for the device's own attestation), baseline.json (MonitoringBaseline). The entry layer holds `entry.js` and assets.
 */
export const IMAGE_LAYOUT = {
  root: '/windlass',
  model: 'windlass/model/model.onnx',
  manifest: 'windlass/model/model.json',
  golden: 'windlass/model/golden.json',
  baseline: 'windlass/model/baseline.json',
  entry: 'windlass/entry/entry.js',
  server: 'windlass/server/main.js',
} as const;

/** Reported properties of the module twin: what the module attests about itself after its start. */
export const attestationSchema = z.object({
  /** `calibrating`: collects the rows of a built-in fit. `uncalibrated`: waits for a calibration to be delivered. Neither scores. */
  state: z.enum(['starting', 'calibrating', 'uncalibrated', 'scoring', 'failed']),
  model: z.object({ name: z.string(), version: z.string(), digest: z.string() }),
  image: z.string(),
  golden: z.object({ rows: z.number().int(), maxAbsDiff: z.number().nullable(), match: z.boolean() }),
  calibration: z.object({
    state: z.enum(['missing', 'fitted', 'delivered']),
    rows: z.number().int(),
    /** Of a delivered one. */
    id: z.string().optional(),
    /** Why the last delivered one was refused. */
    problem: z.string().optional(),
  }),
  startedAt: z.string(),
  queue: z.object({ waiting: z.number().int() }).optional(),
});
export type Attestation = z.infer<typeof attestationSchema>;
/** Key under the scorer module's reported properties. */
export const ATTESTATION_KEY = 'windlass';

/** Status of one module in `$edgeAgent`'s reported properties, with Azure's names. */
export interface EdgeModuleReport {
  readonly status?:
    | 'running'
    | 'stopped'
    | 'backoff'
    | 'failed'
    | 'unhealthy'
    | 'unknown'
    | 'stopped_unknown'
    | 'downloading';
  readonly runtimeStatus?: string;
  readonly restartCount?: number;
  readonly exitCode?: number;
  readonly statusDescription?: string;
  readonly lastStartTimeUtc?: string;
  readonly settings?: { readonly image?: string; readonly imageHash?: string };
}
