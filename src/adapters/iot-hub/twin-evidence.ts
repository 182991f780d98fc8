import { z } from 'zod';
import { ATTESTATION_KEY, attestationSchema, type Attestation } from '../../contracts/device/attestation.ts';
import { deviceTagsSchema, MODULE_SLOT } from '../../contracts/device/device-tags.ts';
import type { DeviceEvidence, EdgeModuleReport, FleetDevice } from '../../contracts/device/evidence.ts';

const NEVER = '0001-01-01T00:00:00Z';

const twinSchema = z.looseObject({
  deviceId: z.string(),
  moduleId: z.string().optional(),
  connectionState: z.string().optional(),
  lastActivityTime: z.string().optional(),
  tags: z.unknown().optional(),
  properties: z.looseObject({ reported: z.record(z.string(), z.unknown()).default({}) }).optional(),
});
type Twin = z.output<typeof twinSchema>;

const moduleReportSchema = z.looseObject({
  status: z.string().optional(),
  runtimeStatus: z.string().optional(),
  restartCount: z.number().optional(),
  exitCode: z.number().optional(),
  statusDescription: z.string().nullish(),
  lastStartTimeUtc: z.string().nullish(),
  settings: z.looseObject({ image: z.string().optional(), imageHash: z.string().optional() }).optional(),
});

/** When the hub last heard of it, ISO 8601; null for the hub's "never". */
function activityOf(twin: Twin | null): string | null {
  const time = twin?.lastActivityTime;
  return time === undefined || time === NEVER || time.startsWith('0001-') ? null : time;
}

function latest(...times: ReadonlyArray<string | null>): string | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : known.reduce((a, b) => (Date.parse(a) >= Date.parse(b) ? a : b));
}

function isConnected(twin: Twin | null): boolean {
  return twin?.connectionState === 'Connected';
}

export function parseTwin(value: unknown): Twin | null {
  const parsed = twinSchema.safeParse(JSON.parse(JSON.stringify(value ?? null)));
  return parsed.success ? parsed.data : null;
}

/**
 * A device of a query; its `$edgeAgent` counts as the device, because on IoT Edge it is what
 * connects.
 */
export function toFleetDevice(device: Twin, agent: Twin | null): FleetDevice {
  const tags = deviceTagsSchema.safeParse(device.tags ?? {});
  return {
    deviceId: device.deviceId,
    tags: tags.success ? tags.data : deviceTagsSchema.parse({}),
    connected: isConnected(device) || isConnected(agent),
    lastActivity: latest(activityOf(device), activityOf(agent)),
  };
}

/**
 * One device's evidence from the twins of `$edgeAgent` and the scorer; a twin that is not there is
 * null.
 */
export function toEvidence(deviceId: string, agent: Twin | null, scorer: Twin | null): DeviceEvidence {
  return {
    deviceId,
    connected: isConnected(agent),
    lastActivity: latest(activityOf(agent), activityOf(scorer)),
    agent: readModuleReport(agent),
    attestation: readAttestation(scorer),
    lastDesired: readLastDesired(agent),
  };
}

/** Value of the target tag of a device twin; null when there is none. */
export function targetOf(device: Twin | null): string | null {
  const tags = deviceTagsSchema.safeParse(device?.tags ?? {});
  return (tags.success ? tags.data.windlass[MODULE_SLOT] : undefined) ?? null;
}

const lastDesiredSchema = z.looseObject({ code: z.number(), description: z.string().nullish() });

function readLastDesired(agent: Twin | null): DeviceEvidence['lastDesired'] {
  const status = lastDesiredSchema.safeParse(agent?.properties?.reported['lastDesiredStatus']);
  return status.success ? { code: status.data.code, description: status.data.description ?? '' } : null;
}

function readModuleReport(agent: Twin | null): EdgeModuleReport | null {
  const modules = z
    .looseObject({ [MODULE_SLOT]: moduleReportSchema })
    .safeParse(agent?.properties?.reported['modules']);
  if (!modules.success) return null;
  const report = modules.data[MODULE_SLOT];
  return report === undefined ? null : (dropNulls(report) as EdgeModuleReport);
}

function readAttestation(scorer: Twin | null): Attestation | null {
  const parsed = attestationSchema.safeParse(scorer?.properties?.reported[ATTESTATION_KEY]);
  return parsed.success ? parsed.data : null;
}

function dropNulls(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
}
