import { z } from 'zod';
import { readContent, type Configuration } from './configuration-content.ts';
import { twinBody, type Entity } from './entity.ts';
import { counterEtag } from './etag.ts';
import { HubError } from './hub-error.ts';
import type { HubParts } from './hub-parts.ts';
import { ifMatch, route, type HttpAnswer, type HttpCall, type Route } from './http-router.ts';
import type { Json } from './json.ts';
import type { MqttServer } from './mqtt-server.ts';
import { patchTwin, replaceTwin } from './twin-operations.ts';

const methodSchema = z.looseObject({
  methodName: z.string().regex(/^[\w.-]{1,128}$/),
  payload: z.custom<Json>().optional(),
  responseTimeoutInSeconds: z.number().min(5).max(300).default(30),
  connectTimeoutInSeconds: z.number().min(0).max(300).default(0),
});

/** Twins, queries and direct methods of devices and modules. */
export function twinRoutes(parts: HubParts, mqtt: MqttServer): Route[] {
  const { directory } = parts;
  const routes: Route[] = [
    route('POST /devices/query', 'query', (call) => query(parts, call)),
    route('POST /devices/:device/applyConfigurationContent', 'configuration', (call, { device = '' }) =>
      applyContent(parts, call, device),
    ),
  ];
  for (const path of ['/twins/:device', '/twins/:device/modules/:module'])
    routes.push(
      route(`GET ${path}`, 'twin-read', (_call, { device = '', module }) =>
        shown(directory.get(device, module ?? null)),
      ),
      route(`PATCH ${path}`, 'twin-update', (call, { device = '', module }) =>
        shown(
          patchTwin(directory, directory.get(device, module ?? null), {
            body: call.body,
            ifMatch: ifMatch(call),
          }),
        ),
      ),
      route(`PUT ${path}`, 'twin-update', (call, { device = '', module }) =>
        shown(
          replaceTwin(directory, directory.get(device, module ?? null), {
            body: call.body,
            ifMatch: ifMatch(call),
          }),
        ),
      ),
      route(`POST ${path}/methods`, 'method', (call, { device = '', module }) =>
        callMethod(mqtt, call, directory.get(device, module ?? null)),
      ),
    );

  return routes;
}

function shown(entity: Entity): HttpAnswer {
  return { status: 200, body: twinBody(entity), headers: { ETag: `"${counterEtag(entity.twin.counter)}"` } };
}

function query({ index }: HubParts, call: HttpCall): HttpAnswer {
  const parsed = z.looseObject({ query: z.string().min(1) }).safeParse(call.body);
  if (!parsed.success) throw new HubError('ArgumentInvalid', 'query: expected the text of a query.');
  const size = call.headers['x-ms-max-item-count'];
  const pageSize = size === undefined || size === '' ? null : Number(size);
  if (pageSize !== null && !(pageSize >= 1))
    throw new HubError('ArgumentInvalid', 'x-ms-max-item-count: expected a number from 1.');

  const token = call.headers['x-ms-continuation'];
  const continuation = typeof token === 'string' && token !== '' ? token : null;
  const page = index.page(parsed.data.query, pageSize, continuation);
  return {
    status: 200,
    body: page.rows,
    headers: {
      'x-ms-item-type': page.itemType,
      ...(page.continuation === null ? {} : { 'x-ms-continuation': page.continuation }),
    },
  };
}

async function callMethod(mqtt: MqttServer, call: HttpCall, entity: Entity): Promise<HttpAnswer> {
  const parsed = methodSchema.safeParse(call.body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HubError(
      'ArgumentInvalid',
      `${issue?.path.join('.') ?? 'body'}: ${issue?.message ?? 'not valid'}.`,
    );
  }
  const { methodName, payload, responseTimeoutInSeconds, connectTimeoutInSeconds } = parsed.data;
  const result = await mqtt.call(entity, {
    name: methodName,
    payload: payload ?? null,
    responseMs: responseTimeoutInSeconds * 1000,
    connectMs: connectTimeoutInSeconds * 1000,
  });
  if (!result)
    throw new HubError(
      'DeviceNotOnline',
      `The operation failed because the requested device isn't online: ${entity.deviceId}.`,
    );

  return { status: 200, body: { status: result.status, payload: result.payload as Json } };
}

function applyContent({ directory, deployments }: HubParts, call: HttpCall, deviceId: string): HttpAnswer {
  const device = directory.get(deviceId, null);
  const content = readContent(call.body);
  if (content.modulesContent === null)
    throw new HubError('ArgumentInvalid', 'InvalidConfigurationContent: modulesContent is missing.');

  if (!device.iotEdge) throw new HubError('ArgumentInvalid', `Device ${deviceId} is not an IoT Edge device.`);
  const now = directory.timestamp();
  const single: Configuration = {
    id: 'applied-to-device',
    etag: '',
    labels: {},
    ...content,
    targetCondition: '',
    priority: 0,
    metricQueries: {},
    createdTimeUtc: now,
    lastUpdatedTimeUtc: now,
  };
  deployments.applyOnce(device, single);
  return { status: 204 };
}
