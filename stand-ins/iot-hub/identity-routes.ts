import { identityBody, type Entity } from './entity.ts';
import { checkIfMatch } from './etag.ts';
import { HubError, toHubError } from './hub-error.ts';
import type { HubParts } from './hub-parts.ts';
import { ifMatch, route, type HttpAnswer, type HttpCall, type Route } from './http-router.ts';
import { readBulkItem, readIdentity, type BulkItem } from './identity-requests.ts';
import type { Json, JsonObject } from './json.ts';
import { patchTwin } from './twin-operations.ts';

const MAX_LIST = 1000;
const MAX_BULK = 100;

interface Subject {
  readonly deviceId: string;
  readonly moduleId: string | null;
}

/** Device and module identities: create, read, update, delete, list, bulk, statistics. */
export function identityRoutes(parts: HubParts): Route[] {
  const { directory } = parts;
  return [
    route('GET /devices', 'registry', (call) => listDevices(parts, call)),
    route('POST /devices', 'registry', (call) => bulk(parts, call)),
    route('GET /devices/:device', 'registry', (_call, { device = '' }) => shown(directory.get(device, null))),
    route('PUT /devices/:device', 'registry', (call, { device = '' }) =>
      put(parts, call, { deviceId: device, moduleId: null }),
    ),
    route('DELETE /devices/:device', 'registry', (call, { device = '' }) =>
      remove(parts, call, { deviceId: device, moduleId: null }),
    ),
    route('GET /devices/:device/modules', 'registry', (_call, { device = '' }) => {
      directory.get(device, null);
      return { status: 200, body: directory.modulesOf(device).map(identityBody) };
    }),
    route('GET /devices/:device/modules/:module', 'registry', (_call, { device = '', module = '' }) =>
      shown(directory.get(device, module)),
    ),
    route('PUT /devices/:device/modules/:module', 'registry', (call, { device = '', module = '' }) =>
      put(parts, call, { deviceId: device, moduleId: module }),
    ),
    route('DELETE /devices/:device/modules/:module', 'registry', (call, { device = '', module = '' }) =>
      remove(parts, call, { deviceId: device, moduleId: module }),
    ),
    route('GET /statistics/devices', 'registry', () => statistics(parts)),
  ];
}

function shown(entity: Entity, status = 200): HttpAnswer {
  return { status, body: identityBody(entity), headers: { ETag: `"${entity.etag}"` } };
}

function put({ directory }: HubParts, call: HttpCall, { deviceId, moduleId }: Subject): HttpAnswer {
  const identity = readIdentity(call.body, deviceId, moduleId);
  const match = ifMatch(call);
  if (match === undefined) return shown(directory.create(identity), moduleId === null ? 200 : 201);
  const entity = directory.get(deviceId, moduleId);
  checkIfMatch(match, entity.etag);
  return shown(directory.updateIdentity(entity, identity));
}

function remove({ directory }: HubParts, call: HttpCall, { deviceId, moduleId }: Subject): HttpAnswer {
  const entity = directory.get(deviceId, moduleId);
  checkIfMatch(ifMatch(call), entity.etag);
  directory.remove(entity);
  return { status: 204 };
}

function listDevices({ directory }: HubParts, call: HttpCall): HttpAnswer {
  const wanted = Number(call.headers['x-ms-max-item-count'] ?? MAX_LIST);
  const body: Json[] = [];
  for (const device of directory.devices()) {
    if (body.length >= Math.min(wanted, MAX_LIST)) break;
    body.push(identityBody(device));
  }
  return { status: 200, body };
}

function statistics({ directory }: HubParts): HttpAnswer {
  const devices = [...directory.devices()];
  const enabledDeviceCount = devices.filter((device) => device.status === 'enabled').length;
  const totalDeviceCount = devices.length;
  return {
    status: 200,
    body: {
      totalDeviceCount,
      enabledDeviceCount,
      disabledDeviceCount: totalDeviceCount - enabledDeviceCount,
    },
  };
}

function bulk(parts: HubParts, call: HttpCall): HttpAnswer {
  if (!Array.isArray(call.body) || call.body.length === 0 || call.body.length > MAX_BULK)
    throw new HubError('ArgumentInvalid', `Expected an array of 1 to ${MAX_BULK} devices.`);

  const items = call.body.map((body: unknown) => ({ item: readBulkItem(body), body }));
  const errors: JsonObject[] = [];
  for (const { item, body } of items)
    try {
      bulkItem(parts, item, body);
    } catch (error) {
      const { code, message } = toHubError(error);
      errors.push({
        deviceId: item.id,
        moduleId: item.moduleId ?? null,
        errorCode: code,
        errorStatus: message,
      });
    }

  const isSuccessful = errors.length === 0;
  return { status: isSuccessful ? 200 : 400, body: { isSuccessful, errors, warnings: [] } };
}

function bulkItem({ directory }: HubParts, item: BulkItem, body: unknown): void {
  const moduleId = item.moduleId ?? null;
  const before = directory.find(item.id, moduleId);
  const match = item.eTag ?? item.etag ?? undefined;
  const mode = item.importMode ?? 'create';
  const twin = { tags: item.tags ?? undefined, desired: item.properties?.desired ?? undefined };
  if (mode === 'create' || (!before && mode.startsWith('createOrUpdate'))) {
    directory.create(readIdentity(body, item.id, moduleId), twin);
    return;
  }
  const entity = directory.get(item.id, moduleId);
  if (mode.startsWith('updateTwin')) {
    const twinMatch = mode === 'updateTwinIfMatchETag' ? (item.twinETag ?? '') : undefined;
    patchTwin(directory, entity, {
      body: { tags: twin.tags ?? null, properties: { desired: twin.desired ?? null } },
      ifMatch: twinMatch,
    });
    return;
  }
  if (mode.endsWith('IfMatchETag')) checkIfMatch(match ?? 'absent', entity.etag);
  if (mode.startsWith('delete')) directory.remove(entity);
  else directory.updateIdentity(entity, readIdentity(body, item.id, moduleId));
}
