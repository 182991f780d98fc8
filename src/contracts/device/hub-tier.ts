/** Operation classes that IoT Hub throttles separately. */
export const HUB_OPERATIONS = [
  'registry',
  'query',
  'twin-read',
  'twin-update',
  'configuration',
  'method',
  'connect',
  'telemetry',
] as const;
export type HubOperation = (typeof HUB_OPERATIONS)[number];

/** Sustained operations per second and the burst that may be spent at once. */
export interface HubLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export const HUB_TIER_NAMES = ['S1', 'S2', 'S3', 'none'] as const;
export type HubTier = (typeof HUB_TIER_NAMES)[number];

const perMinute = (count: number): HubLimit => ({ perSecond: count / 60, burst: count });
const perSecond = (count: number): HubLimit => ({ perSecond: count, burst: count });

/**
 * Limits of one unit of each tier, from Azure's page "IoT Hub quotas and throttling"; `none` sets
 * no limit (the stand-in's default).
 */
export const HUB_TIERS: Readonly<Record<HubTier, Readonly<Partial<Record<HubOperation, HubLimit>>>>> = {
  S1: {
    registry: perMinute(100),
    query: perMinute(20),
    'twin-read': perSecond(100),
    'twin-update': perSecond(50),
    configuration: perMinute(20),
    method: perSecond(20),
    connect: perSecond(100),
    telemetry: perSecond(100),
  },
  S2: {
    registry: perMinute(100),
    query: perMinute(20),
    'twin-read': perSecond(100),
    'twin-update': perSecond(50),
    configuration: perMinute(20),
    method: perSecond(60),
    connect: perSecond(120),
    telemetry: perSecond(120),
  },
  S3: {
    registry: perMinute(5000),
    query: perMinute(1000),
    'twin-read': perSecond(500),
    'twin-update': perSecond(250),
    configuration: perMinute(20),
    method: perSecond(3000),
    connect: perSecond(6000),
    telemetry: perSecond(6000),
  },
  none: {},
};
