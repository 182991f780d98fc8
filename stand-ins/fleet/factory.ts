import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { z } from 'zod';
import { MODULE_SLOT, type DeviceTags } from '../../src/contracts/device/device-tags.ts';
import { createRandom } from '../pump/random.ts';
import { HubRestError, type HubRest, type Signer } from './hub-rest.ts';

const SITES = ['north-field', 'delta-terminal', 'ridge-station', 'platform-7'] as const;

export interface DeviceSpec {
  readonly id: string;
  readonly tags: DeviceTags;
}

/** Keys of a device and of its two modules, base64. */
export interface DeviceKeys {
  readonly device: string;
  readonly agent: string;
  readonly scorer: string;
}

/** OCI platform of this machine, which the virtual devices have too. */
export function ownPlatform(): string {
  const architecture =
    { x64: 'amd64', arm64: 'arm64', arm: 'arm/v7' }[process.arch as string] ?? process.arch;
  return `linux/${architecture}`;
}

/**
 * The fleet that a seed stands for: pumps in duty/standby pairs on four sites, most of them on a
 * good link.
 */
export function deviceSpecs(devices: number, seed: number): DeviceSpec[] {
  return Array.from({ length: devices }, (_, i) => {
    const pair = Math.floor(i / 2);
    const site =
      SITES[Math.floor(createRandom(seed, 'site', String(pair)).next() * SITES.length)] ?? SITES[0];
    const draw = createRandom(seed, 'link', String(i)).next();
    return {
      id: `pump-${String(i + 1).padStart(3, '0')}`,
      tags: {
        site,
        platform: ownPlatform(),
        link: draw < 0.6 ? 'lan' : draw < 0.9 ? 'lte' : 'satellite',
        redundancyGroup: `${site}-${String(pair + 1).padStart(3, '0')}`,
        windlass: {},
      },
    };
  });
}

const identitySchema = z.looseObject({
  authentication: z.looseObject({ symmetricKey: z.looseObject({ primaryKey: z.string().min(1) }) }),
});
const bulkSchema = z.looseObject({
  isSuccessful: z.boolean(),
  errors: z
    .array(z.looseObject({ deviceId: z.string().optional(), errorStatus: z.string().optional() }))
    .nullish(),
});

const newKey = (): string => randomBytes(32).toString('base64');
const authentication = (key: string) => ({
  type: 'sas',
  symmetricKey: { primaryKey: key, secondaryKey: newKey() },
});

/** The key of an identity, or undefined when the hub does not know it. */
async function readKey(rest: HubRest, path: string, as: Signer): Promise<string | undefined> {
  try {
    const identity = identitySchema.parse(await rest.call('GET', path, { as }));
    return identity.authentication.symmetricKey.primaryKey;
  } catch (error) {
    if (error instanceof HubRestError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Creates, 100 at a time, the edge devices that the hub does not know; keys that are known already
 * are used again.
 */
async function createDevices(
  rest: HubRest,
  missing: readonly DeviceSpec[],
  known: ReadonlyMap<string, DeviceKeys>,
): Promise<Map<string, string>> {
  const keys = new Map(missing.map((spec) => [spec.id, known.get(spec.id)?.device ?? newKey()]));
  for (let start = 0; start < missing.length; start += 100) {
    const body = missing.slice(start, start + 100).map((spec) => ({
      id: spec.id,
      importMode: 'create',
      status: 'enabled',
      capabilities: { iotEdge: true },
      authentication: authentication(keys.get(spec.id) as string),
      tags: spec.tags,
    }));
    const answer = bulkSchema.parse(await rest.call('POST', '/devices', { as: { policy: true }, body }));
    if (!answer.isSuccessful)
      throw new Error(`the hub did not create all devices: ${JSON.stringify(answer.errors)}`);
  }
  return keys;
}

/**
 * A module's key, read as the device's identity service does, with the device's own key; the module
 * is created if absent.
 */
async function moduleKey(
  rest: HubRest,
  device: { id: string; key: string },
  moduleId: string,
): Promise<string> {
  const as = { device: device.id, key: device.key };
  const path = `/devices/${device.id}/modules/${encodeURIComponent(moduleId)}`;
  const known = await readKey(rest, path, as);
  if (known !== undefined) return known;
  const key = newKey();
  const body = { deviceId: device.id, moduleId, managedBy: 'IotEdge', authentication: authentication(key) };
  await rest.call('PUT', path, { as, body });
  return key;
}

/**
 * Makes sure that the hub knows every device and its modules; safe to repeat. Rejects when the hub
 * cannot be reached.
 */
export async function provision(
  rest: HubRest,
  specs: readonly DeviceSpec[],
  known: ReadonlyMap<string, DeviceKeys>,
): Promise<Map<string, DeviceKeys>> {
  const limit = pLimit(8);
  const found = await Promise.all(
    specs.map((spec) => limit(() => readKey(rest, `/devices/${spec.id}`, { policy: true }))),
  );
  const missing = specs.filter((_, i) => found[i] === undefined);
  const created = await createDevices(rest, missing, known);
  const all = await Promise.all(
    specs.map((spec, i) =>
      limit(async () => {
        const device = { id: spec.id, key: found[i] ?? (created.get(spec.id) as string) };
        const agent = await moduleKey(rest, device, '$edgeAgent');
        const scorer = await moduleKey(rest, device, MODULE_SLOT);
        return [spec.id, { device: device.key, agent, scorer }] as const;
      }),
    ),
  );
  return new Map(all);
}
