import type { DeviceAssignment, Lineage } from '../../contracts/model/lineage.ts';

/** Where a version came from and where it went. */
export interface LineageReader {
  lineage(name: string, version: string): Promise<Lineage>;
  /** What ran on a device, newest first. */
  deviceHistory(deviceId: string): Promise<DeviceAssignment[]>;
}
