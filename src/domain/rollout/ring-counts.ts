import type { DeviceVerdict } from './device-verdict.ts';

/** One device of a ring as far as counting is concerned. */
export interface CountedDevice {
  readonly verdict: DeviceVerdict;
  readonly reachable: boolean;
  readonly running: boolean;
  readonly attested: boolean;
}

/**
 * Devices of one ring by what is known of them. good, failed and lost are disjoint parts of
 * reachable.
 */
export interface RingCounts {
  readonly devices: number;
  /** Had contact with the hub since the offer. */
  readonly reachable: number;
  readonly running: number;
  readonly attested: number;
  readonly good: number;
  readonly failed: number;
  /** Had contact, and left before they could be judged: they count neither for nor against. */
  readonly lost: number;
  /** No contact since the offer. */
  readonly pending: number;
}

/** Counts the devices of a ring. */
export function countDevices(devices: readonly CountedDevice[]): RingCounts {
  const count = (test: (device: CountedDevice) => boolean): number => devices.filter(test).length;
  const reachable = count((d) => d.reachable);
  return {
    devices: devices.length,
    reachable,
    running: count((d) => d.reachable && d.running),
    attested: count((d) => d.reachable && d.running && d.attested),
    good: count((d) => d.verdict === 'good'),
    failed: count((d) => d.verdict === 'failed'),
    lost: count((d) => d.verdict === 'lost'),
    pending: devices.length - reachable,
  };
}

/** Counts of a ring that nobody has looked at yet. */
export function noCounts(devices: number): RingCounts {
  return { devices, reachable: 0, running: 0, attested: 0, good: 0, failed: 0, lost: 0, pending: devices };
}
