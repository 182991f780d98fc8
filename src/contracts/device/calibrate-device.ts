import { z } from 'zod';
import type { ArtefactRef } from '../artefact.ts';
import { modelReferenceSchema } from '../identifier-schemas.ts';
import type { StepReport } from '../progress.ts';

/** Input of `calibrateDevice`. */
export const calibrateInputSchema = z.strictObject({
  model: modelReferenceSchema,
  device: z
    .string()
    .regex(
      /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/,
      'expected the id of a device in the hub, e.g. "pump-001"',
    ),
  data: z.string().min(1).describe("CSV or Parquet file with the device's commissioning rows first"),
  /** Whether it is sent to the device; if not it is only kept. */
  deliver: z.boolean().default(true),
  actor: z.string().min(1).default('engineer'),
  reason: z.string().default(''),
});
export type CalibrateInput = z.input<typeof calibrateInputSchema>;
export type ResolvedCalibrateInput = z.output<typeof calibrateInputSchema>;
export const CALIBRATE_EXAMPLE = {
  model: 'pump-anomaly@2',
  device: 'pump-001',
  data: 'commissioning/001.csv',
};

/** A calibration that was fitted for a device. */
export interface DeviceCalibration {
  readonly device: string;
  /** Names it in the device's attestation. */
  readonly id: string;
  /** CalibrationDocument */
  readonly document: ArtefactRef;
  /** Commissioning rows that it was fitted on. */
  readonly rows: number;
  /** Digest of the file that they came from. */
  readonly dataSha256: string;
  /** ISO 8601, UTC. */
  readonly fittedAt: string;
}

export interface CalibrateResult {
  readonly workflowId: string;
  readonly runId: string;
  readonly model: { readonly name: string; readonly version: string; readonly digest: string };
  readonly calibration: DeviceCalibration;
  readonly delivered: boolean;
  /** Why it was not delivered. */
  readonly why?: string;
  readonly steps: readonly StepReport[];
  readonly seconds: number;
}

/** A device's calibration as the registry keeps it. */
export interface StoredCalibration extends DeviceCalibration {
  readonly model: { readonly name: string; readonly version: string };
  readonly fittedBy: string;
}
