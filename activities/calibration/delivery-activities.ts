import { calibrationDocumentSchema } from '../../src/contracts/device/calibration.ts';
import type { DeviceCalibration } from '../../src/contracts/device/calibrate-device.ts';
import { WindlassError } from '../../src/errors/windlass-error.ts';
import type { ArtefactStore } from '../../src/ports/artefact-store.ts';
import type { FleetHub } from '../../src/ports/fleet-hub.ts';
import { withHeartbeats } from '../shared/heartbeats.ts';

export interface DeliveryDeps {
  readonly hub: Pick<FleetHub, 'setCalibration'>;
  readonly artefacts: Pick<ArtefactStore, 'read'>;
}

export type DeliveryActivities = ReturnType<typeof createDeliveryActivities>;

/** Activities that send calibrations to devices. */
export function createDeliveryActivities({ hub, artefacts }: DeliveryDeps) {
  return {
    /**
     * Writes a calibration to its device's module twin; returns the reason when the device or
     * module does not exist (yet).
     */
    deliverCalibration: ({ device, document }: DeviceCalibration): Promise<{ readonly why: string | null }> =>
      withHeartbeats(async () => {
        const bytes = await artefacts.read(document.digest);
        const content = calibrationDocumentSchema.parse(JSON.parse(bytes.toString('utf8')));
        try {
          const later = await hub.setCalibration(device, content);
          return {
            why:
              later === undefined
                ? null
                : `the twin of ${device} keeps ${later.id}, which was fitted later (${later.fittedAt})`,
          };
        } catch (error) {
          if (!(error instanceof WindlassError) || error.code !== 'NOT_FOUND') throw error;
          return {
            why: `the hub knows no device ${device} with a scorer module: deploy the model to it first`,
          };
        }
      }),
  };
}
