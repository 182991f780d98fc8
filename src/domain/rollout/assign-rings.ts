import { seededHash } from '../../base/seeded-hash.ts';

export interface RingDevice {
  readonly deviceId: string;
  readonly site: string;
  readonly platform: string;
  readonly link: string;
  readonly redundancyGroup?: string;
  /**
   * Not in contact when the rollout is planned: an early ring takes it only when nobody else is
   * left.
   */
  readonly away?: boolean;
}

export interface RingShare {
  readonly name: string;
  /** Cumulative, 0..100; the last one is 100. */
  readonly percent: number;
}

export interface AssignedDevice {
  readonly deviceId: string;
  /** Index of the ring. */
  readonly ring: number;
  readonly stratum: string;
  readonly redundancyGroup: string | null;
}

/** Devices that share site, platform and link: every ring gets its share of each such stratum. */
export function stratumOf(device: RingDevice): string {
  return `${device.site}/${device.platform}/${device.link}`;
}

/**
 * Devices that are offered the version in all when a ring of this cumulative share (0..100) is
 * open.
 */
export function ringEnd(percent: number, devices: number): number {
  return Math.max(0, Math.ceil((percent * devices) / 100 - 1e-9));
}

/**
 * The order in which devices are offered a version: systematic sampling. Within a stratum devices
 * stand in the order of their seeded hash; the k-th of n has the position (k + u) / n, with one u
 * per stratum, so that every prefix holds each stratum's share to within one device. Adding a
 * device never changes the order of two others of one stratum.
 */
export function offerOrder(devices: readonly RingDevice[], seed: number): RingDevice[] {
  const strata = Map.groupBy(devices, stratumOf);
  const placed = [...strata].flatMap(([stratum, members]) => {
    const shift = seededHash(`stratum ${stratum}`, seed);
    return members
      .map((device) => ({ device, hash: seededHash(device.deviceId, seed) }))
      .sort((a, b) => a.hash - b.hash || compare(a.device.deviceId, b.device.deviceId))
      .map((entry, k) => ({ ...entry, position: (k + shift) / members.length }));
  });
  return placed
    .sort(
      (a, b) => a.position - b.position || a.hash - b.hash || compare(a.device.deviceId, b.device.deviceId),
    )
    .map((entry) => entry.device);
}

/**
 * Assigns every device to exactly one ring. Ring i ends at ceil(percent_i × devices / 100) devices
 * in all; before the last ring at most one member of a redundancy group is in the same ring (the
 * budget): the other waits for the next ring, and when nobody else is left, the ring stays smaller
 * than its share. Early rings take devices that are in contact first: a canary that cannot answer
 * says nothing.
 */
export function assignRings(
  devices: readonly RingDevice[],
  rings: readonly RingShare[],
  seed: number,
): AssignedDevice[] {
  const order = offerOrder(devices, seed);
  const ringOf = new Map<string, number>();
  rings.forEach((share, ring) => {
    const last = ring === rings.length - 1;
    const end = last ? devices.length : ringEnd(share.percent, devices.length);
    const groups = new Set<string>();
    const near = (device: RingDevice): boolean => last || device.away !== true;
    const free = order.filter((device) => !ringOf.has(device.deviceId));
    for (const device of [...free.filter(near), ...free.filter((one) => !near(one))]) {
      const group = device.redundancyGroup;
      const budgetSpent = !last && group !== undefined && groups.has(group);
      if (ringOf.size >= end || budgetSpent) continue;
      if (group !== undefined) groups.add(group);
      ringOf.set(device.deviceId, ring);
    }
  });
  return order.map((device) => ({
    deviceId: device.deviceId,
    ring: ringOf.get(device.deviceId) ?? rings.length - 1,
    stratum: stratumOf(device),
    redundancyGroup: device.redundancyGroup ?? null,
  }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
