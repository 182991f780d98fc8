import { z } from 'zod';
import {
  CALIBRATION_KEY,
  calibrationDocumentSchema,
  fittedTime,
  type CalibrationDocument,
} from '../../contracts/device/calibration.ts';
import { MODULE_SLOT } from '../../contracts/device/device-tags.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { HubConnection } from './registry-client.ts';

const ATTEMPTS = 5;
const twinSchema = z.object({
  etag: z.string(),
  properties: z.object({ desired: z.record(z.string(), z.unknown()) }),
});

/**
 * Writes a calibration to the desired properties of a device's scorer module, unless there is one
 * for the same model that was fitted later: deliveries to a hub that was away may come in any
 * order. Returns the document that is kept; throws NOT_FOUND when there is no such device or
 * module.
 */
export async function setCalibration(
  hub: HubConnection,
  deviceId: string,
  document: CalibrationDocument,
): Promise<CalibrationDocument | undefined> {
  const patch = { properties: { desired: { [CALIBRATION_KEY]: document } } };
  for (let attempt = 1; ; attempt += 1) {
    const answer = await hub.call('twin-read', `reading ${deviceId}/${MODULE_SLOT}`, (registry) =>
      registry.getModuleTwin(deviceId, MODULE_SLOT),
    );
    const { etag, properties } = twinSchema.parse(answer.responseBody);
    const there = calibrationDocumentSchema.safeParse(properties.desired[CALIBRATION_KEY]).data;
    if (there?.model === document.model && fittedTime(there) > fittedTime(document)) return there;
    try {
      await hub.call('twin-update', `delivering the calibration of ${deviceId}`, (registry) =>
        registry.updateModuleTwin(deviceId, MODULE_SLOT, patch, etag),
      );
      return undefined;
    } catch (error) {
      // The twin changes with everything that the device reports.
      const changed = error instanceof WindlassError && error.code === 'CONFLICT';
      if (!changed || attempt === ATTEMPTS) throw error;
    }
  }
}
