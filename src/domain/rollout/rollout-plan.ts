import type { RolloutPolicy } from '../../contracts/rollout/policy.ts';
import { HUB_TIERS, type HubTier } from '../../contracts/device/hub-tier.ts';
import { assignRings, ringEnd, type AssignedDevice, type RingDevice } from './assign-rings.ts';
import { noCounts } from './ring-counts.ts';
import { neededGood, toleratedFailures } from './ring-decision.ts';

export interface PlannedRing {
  readonly name: string;
  /** Cumulative share asked for, in percent. */
  readonly percent: number;
  readonly devices: number;
  /** Devices offered in all once this ring is open, and their share in percent. */
  readonly cumulative: number;
  readonly cumulativePercent: number;
  /** How the size came about, e.g. "ceil(10 % × 60) = 6". */
  readonly arithmetic: string;
  readonly strata: Readonly<Record<string, number>>;
  readonly needsApproval: boolean;
  /**
   * Failed devices that are tolerated and good ones that are needed if every device of the ring is
   * in contact.
   */
  readonly toleratedFailures: number;
  readonly neededGood: number;
}

export interface PlannedSeconds {
  /** Every device in contact and right at the first look. */
  readonly least: number;
  /** Until the last ring times out and its hold ends; approvals are not counted. */
  readonly most: number;
}

export interface RolloutPlan {
  readonly devices: number;
  readonly rings: readonly PlannedRing[];
  readonly strata: Readonly<Record<string, number>>;
  readonly redundancyGroups: number;
  /**
   * Twin writes and fewest twin reads of the whole rollout, and the seconds they take at the hub
   * tier's limits.
   */
  readonly hubCalls: {
    readonly tier: HubTier;
    readonly writes: number;
    readonly reads: number;
    readonly seconds: number;
    readonly arithmetic: string;
  };
  readonly seconds: PlannedSeconds;
}

/**
 * Twin reads of one device: its target tag once; `$edgeAgent` and the scorer before the offer, when
 * right, and after the soak.
 */
const READS_PER_DEVICE = 1 + 2 * 3;

function tally(keys: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What a rollout would do, before anything changes: rings with their strata and arithmetic, hub
 * calls, expected seconds. `tier` says how many twin operations per second one unit of the hub
 * allows.
 */
export function planRollout(
  devices: readonly RingDevice[],
  policy: RolloutPolicy,
  tier: HubTier = 'S1',
): { readonly plan: RolloutPlan; readonly assigned: readonly AssignedDevice[] } {
  const assigned = assignRings(devices, policy.rings, policy.seed);
  let cumulative = 0;
  const rings = policy.rings.map(({ name, percent }, index): PlannedRing => {
    const members = assigned.filter((device) => device.ring === index);
    const everyone = { ...noCounts(members.length), reachable: members.length };
    const end = ringEnd(percent, devices.length);
    const arithmetic = `ceil(${percent} % × ${devices.length}) = ${end}, less ${cumulative} already offered`;
    cumulative += members.length;
    const short = end - cumulative;
    return {
      name,
      percent,
      devices: members.length,
      cumulative,
      cumulativePercent: devices.length === 0 ? 0 : Math.round((cumulative / devices.length) * 1e4) / 100,
      arithmetic: short > 0 ? `${arithmetic}, less ${short} kept apart from their twin` : arithmetic,
      strata: tally(members.map((device) => device.stratum)),
      needsApproval: policy.approvals.includes(name),
      toleratedFailures: toleratedFailures(everyone, policy),
      neededGood: neededGood(everyone, policy),
    };
  });
  const used = rings.filter((ring) => ring.devices > 0);
  const hubCalls = hubArithmetic(devices.length, tier);
  const groups = new Set(
    devices.flatMap((d) => (d.redundancyGroup === undefined ? [] : [d.redundancyGroup])),
  );
  return {
    assigned,
    plan: {
      devices: devices.length,
      rings,
      strata: tally(assigned.map((device) => device.stratum)),
      redundancyGroups: groups.size,
      hubCalls,
      seconds: {
        least: Math.ceil(used.length * (policy.soakSeconds + policy.pollSeconds) + hubCalls.seconds),
        most: Math.ceil(used.length * (policy.ringTimeoutSeconds + policy.holdSeconds) + hubCalls.seconds),
      },
    },
  };
}

function hubArithmetic(devices: number, tier: HubTier): RolloutPlan['hubCalls'] {
  const limits = HUB_TIERS[tier];
  const reads = devices * READS_PER_DEVICE;
  const writeRate = limits['twin-update']?.perSecond;
  const readRate = limits['twin-read']?.perSecond;
  const seconds = (writeRate ? devices / writeRate : 0) + (readRate ? reads / readRate : 0);
  const rate = (perSecond: number | undefined): string =>
    perSecond === undefined ? 'no limit' : `${perSecond}/s`;
  return {
    tier,
    writes: devices,
    reads,
    seconds: Math.ceil(seconds),
    arithmetic: `${devices} twin writes at ${rate(writeRate)}, ${reads} twin reads at ${rate(readRate)}`,
  };
}
