import { CALIBRATION_KEY, type CalibrationDocument } from '../../contracts/calibration.ts';
import { MODULE_SLOT } from '../../contracts/fleet.ts';
import type { HubConnection } from './registry-client.ts';

/** Writes a calibration to the desired properties of a device's scorer module; throws NOT_FOUND when there is none. */
export async function setCalibration(
  hub: HubConnection,
  deviceId: string,
  document: CalibrationDocument,
): Promise<void> {
  const patch = { properties: { desired: { [CALIBRATION_KEY]: document } } };
  await hub.call('twin-update', `delivering the calibration of ${deviceId}`, (registry) =>
    registry.updateModuleTwin(deviceId, MODULE_SLOT, patch, '*'),
  );
}
