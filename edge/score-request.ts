import { z } from 'zod';
import { calibrationTensors } from '../src/contracts/device/calibration.ts';
import type { ModelManifest } from '../src/contracts/device/model-manifest.ts';
import { calibrationInputs, type CalibrationInputs } from './calibration.ts';
import { HttpError } from './http-io.ts';
import type { Row } from './scorer.ts';
import { sizeOf } from './tensor.ts';

const value = z.number().nullable();
const rowsSchema = z.object({
  rows: z.array(z.object({ time: z.string().min(1), values: z.array(value) })).max(100_000),
});

function problems(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
    .join('; ');
}

/**
 * Body of `POST /score`: a window (rows × columns, null = no reading), and the calibration (flat
 * values by input name) unless the device has its own.
 */
export function parseScore(
  json: unknown,
  manifest: ModelManifest,
): {
  window: Float32Array;
  calibration: CalibrationInputs | undefined;
  endTime: string;
} {
  const width = manifest.columns.length;
  const tensors = calibrationTensors(manifest.calibration, width).map(
    ({ name, shape }) => [name, z.array(z.number()).length(sizeOf(shape))] as const,
  );
  const parsed = z
    .object({
      window: z.array(z.array(value).length(width)).length(manifest.window),
      calibration: z.strictObject(Object.fromEntries(tensors)).optional(),
      endTime: z.iso.datetime({ offset: true }).optional(),
    })
    .safeParse(json);
  if (!parsed.success) throw new HttpError(400, problems(parsed.error));
  const { window, calibration, endTime } = parsed.data;
  return {
    window: Float32Array.from(window.flat(), (v) => v ?? Number.NaN),
    calibration:
      calibration &&
      calibrationInputs(
        manifest,
        Object.fromEntries(
          Object.entries(calibration).map(([name, values]) => [name, Float32Array.from(values)]),
        ),
      ),
    endTime: endTime ?? new Date().toISOString(),
  };
}

/** Body of `POST /rows`: readings in order, null = no reading. */
export function parseRows(json: unknown, manifest: ModelManifest): Row[] {
  const parsed = rowsSchema.safeParse(json);
  if (!parsed.success) throw new HttpError(400, problems(parsed.error));
  const width = manifest.columns.length;
  for (const [i, row] of parsed.data.rows.entries()) {
    if (row.values.length !== width)
      throw new HttpError(400, `rows.${i}.values: ${row.values.length} values, expected ${width}`);
    if (Number.isNaN(Date.parse(row.time)))
      throw new HttpError(400, `rows.${i}.time: "${row.time}" is not an ISO 8601 time`);
  }
  return parsed.data.rows;
}
