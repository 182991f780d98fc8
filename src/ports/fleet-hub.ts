import type { CalibrationDocument } from '../contracts/device/calibration.ts';
import type { DeviceTags } from '../contracts/device/device-tags.ts';
import type { FleetDevice, DeviceEvidence, ModelConfiguration } from '../contracts/device/evidence.ts';

/**
 * What the rollout needs of the device hub. Errors: HUB_UNREACHABLE, HUB_REFUSED, HUB_THROTTLED,
 * NOT_FOUND, CONFLICT.
 */
export interface FleetHub {
  /**
   * All edge devices that meet a condition of the hub's query language ('' = all); the answer may
   * lag.
   */
  listDevices(condition: string): Promise<FleetDevice[]>;
  /**
   * Writes the target tag of these devices, or removes it (null); a device that the hub no longer
   * knows is left out.
   */
  setTarget(deviceIds: readonly string[], target: string | null): Promise<void>;
  /** Direct reads of the target tags of these devices, by device id; null where there is none. */
  readTargets(deviceIds: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
  /** Direct reads of the module twins of these devices. */
  readEvidence(deviceIds: readonly string[]): Promise<DeviceEvidence[]>;
  /**
   * Writes a calibration to the twin of a device's scorer module; gives the one that the twin keeps
   * instead, because it was fitted later for the same model. NOT_FOUND when device or module are
   * not there.
   */
  setCalibration(deviceId: string, document: CalibrationDocument): Promise<CalibrationDocument | undefined>;
  /**
   * Creates the configuration if it is absent; refuses (CONFLICT) one of the same id with other
   * content.
   */
  ensureConfiguration(configuration: ModelConfiguration): Promise<void>;
  deleteConfiguration(id: string): Promise<void>;
  configurations(): Promise<ModelConfiguration[]>;
  /**
   * Creates edge devices that do not exist yet, with their tags; returns connection strings by
   * device id.
   */
  provision(
    devices: ReadonlyArray<{ deviceId: string; tags: Partial<DeviceTags> }>,
  ): Promise<Record<string, string>>;
}
