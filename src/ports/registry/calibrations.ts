import type { Actor } from '../../contracts/audit.ts';
import type { DeviceCalibration, StoredCalibration } from '../../contracts/device/calibrate-device.ts';

/** Calibrations that were fitted for devices. */
export interface Calibrations {
  /**
   * Keeps a calibration that was fitted for a device; the same one again only says when and by
   * whom. Throws NOT_FOUND.
   */
  recordCalibration(
    model: { name: string; version: string },
    calibration: DeviceCalibration,
    by: Actor,
  ): Promise<void>;
  /** Newest first. */
  calibrations(filter: {
    device?: string;
    model?: { name: string; version: string };
  }): Promise<StoredCalibration[]>;
}
