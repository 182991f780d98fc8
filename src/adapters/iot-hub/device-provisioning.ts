import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { DeviceTags } from '../../contracts/device/device-tags.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import { forEach } from './hub-calls.ts';
import type { HubConnection } from './registry-client.ts';

const BULK_SIZE = 100;
const MQTT_PORT = 8883;

/**
 * Creates the edge devices that do not exist yet; returns the connection strings of all of them by
 * device id.
 */
export async function provision(
  hub: HubConnection,
  devices: ReadonlyArray<{ deviceId: string; tags: Partial<DeviceTags> }>,
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (let from = 0; from < devices.length; from += BULK_SIZE) {
    const chunk = devices.slice(from, from + BULK_SIZE).map((device) => ({ ...device, key: newDeviceKey() }));
    const existing = await createInBulk(hub, chunk);
    for (const { deviceId, key } of chunk)
      if (!existing.has(deviceId)) result[deviceId] = connection(hub, deviceId, key);
    await forEach([...existing], async (deviceId) => {
      const answer = await hub.call('registry', `reading device ${deviceId}`, (registry) =>
        registry.get(deviceId),
      );
      const key = answer.responseBody.authentication?.symmetricKey?.primaryKey;
      if (!key)
        throw new WindlassError('HUB_REFUSED', `Device ${deviceId} exists and does not use a symmetric key.`);

      result[deviceId] = connection(hub, deviceId, key);
    });
  }
  return result;
}

/** Creates what does not exist yet; returns the ids that the hub had already (left as they are). */
async function createInBulk(
  hub: HubConnection,
  devices: ReadonlyArray<{ deviceId: string; tags: Partial<DeviceTags>; key: string }>,
): Promise<Set<string>> {
  const descriptions = devices.map(({ deviceId, tags, key }) => ({
    deviceId,
    status: 'enabled' as const,
    capabilities: { iotEdge: true },
    tags,
    authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: newDeviceKey() } },
  }));
  try {
    const { responseBody } = await hub.call('registry', `creating ${devices.length} devices`, (registry) =>
      registry.addDevices(descriptions),
    );
    return existingOf(responseBody);
  } catch (error) {
    const body = (error as { cause?: { responseBody?: unknown } }).cause?.responseBody;
    const result = typeof body === 'string' ? bulkResultSchema.safeParse(parseJson(body)) : null;
    if (!result?.success) throw error;
    return existingOf(result.data);
  }
}

const bulkResultSchema = z.looseObject({
  errors: z.array(
    z.looseObject({
      deviceId: z.string(),
      errorCode: z.union([z.string(), z.number()]),
      errorStatus: z.unknown(),
    }),
  ),
});

/**
 * Of a bulk result, the devices that exist already; throws HUB_REFUSED for any other failure in it.
 */
function existingOf(result: unknown): Set<string> {
  const errors = bulkResultSchema.safeParse(result).data?.errors ?? [];
  const other = errors.find((item) => !/AlreadyExists|^409/.test(String(item.errorCode)));
  if (other)
    throw new WindlassError(
      'HUB_REFUSED',
      `The hub could not create ${other.deviceId} (${other.errorCode}).`,
      {
        details: { errors },
      },
    );

  return new Set(errors.map((item) => item.deviceId));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * What a device needs to connect; a port is told only when it is not the one that devices use
 * anyway.
 */
function connection(hub: HubConnection, deviceId: string, key: string): string {
  const { service, mqttPort = MQTT_PORT } = hub;
  const gateway = mqttPort === MQTT_PORT ? '' : `;GatewayHostName=${service.hostname}:${mqttPort}`;
  return `HostName=${service.hostname};DeviceId=${deviceId};SharedAccessKey=${key}${gateway}`;
}

function newDeviceKey(): string {
  return randomBytes(32).toString('base64');
}
