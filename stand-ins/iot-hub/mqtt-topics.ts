import { entityKey } from './entity.ts';

const TWIN_RESPONSES = '$iothub/twin/res/#';
export const DESIRED_UPDATES = '$iothub/twin/PATCH/properties/desired/#';
export const METHOD_CALLS = '$iothub/methods/POST/#';

/** What a device asks for by publishing on a topic. */
export type DeviceRequest =
  | { readonly kind: 'telemetry'; readonly properties: Record<string, string> }
  | { readonly kind: 'get-twin'; readonly requestId: string }
  | { readonly kind: 'report'; readonly requestId: string }
  | { readonly kind: 'method-result'; readonly requestId: string; readonly status: number };

/**
 * Reads the topic of a publish by this device or module; null for a topic that IoT Hub does not
 * know.
 */
export function readTopic(topic: string, deviceId: string, moduleId: string | null): DeviceRequest | null {
  const events = `devices/${deviceId}/${moduleId === null ? '' : `modules/${moduleId}/`}messages/events/`;
  if (topic.startsWith(events) || `${topic}/` === events)
    return { kind: 'telemetry', properties: readProperties(topic.slice(events.length)) };

  const [path = '', query = ''] = topic.split('?', 2);
  const requestId = new URLSearchParams(query).get('$rid') ?? '';
  if (path === '$iothub/twin/GET/') return { kind: 'get-twin', requestId };
  if (path === '$iothub/twin/PATCH/properties/reported/') return { kind: 'report', requestId };
  const result = /^\$iothub\/methods\/res\/(-?\d+)\/$/.exec(path);
  return result ? { kind: 'method-result', requestId, status: Number(result[1]) } : null;
}

/** True for the topic filters that IoT Hub lets this device or module subscribe to. */
export function maySubscribe(filter: string, deviceId: string, moduleId: string | null): boolean {
  if ([TWIN_RESPONSES, DESIRED_UPDATES, METHOD_CALLS].includes(filter)) return true;
  return moduleId === null
    ? filter === `devices/${deviceId}/messages/devicebound/#`
    : filter === `devices/${deviceId}/modules/${moduleId}/inputs/#`;
}

/**
 * Who a connection says it is: `{host}/{device}[/{module}]/?api-version=…` and the client id; null
 * when they disagree.
 */
export function readUsername(
  username: string,
  clientId: string,
): { deviceId: string; moduleId: string | null } | null {
  const [path = ''] = username.split('?', 1);
  const [host, deviceId, moduleId] = path.split('/');
  if (!host || !deviceId) return null;
  const identity = { deviceId, moduleId: moduleId ? moduleId : null };
  return entityKey(identity.deviceId, identity.moduleId) === clientId ? identity : null;
}

function readProperties(bag: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const pair of bag.replace(/\/$/, '').replace(/^\?/, '').split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
    properties[decode(name)] = decode(value);
  }
  return properties;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
