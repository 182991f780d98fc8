import { randomBytes, randomInt } from 'node:crypto';
import { counterEtag } from './etag.ts';
import type { JsonObject } from './json.ts';
import {
  EMPTY_SECTION,
  NEVER,
  sectionForDevice,
  sectionWithMetadata,
  type TwinSection,
} from './twin-document.ts';

export interface Authentication {
  readonly type: 'sas' | 'selfSigned' | 'certificateAuthority' | 'none';
  readonly symmetricKey: { readonly primaryKey: string; readonly secondaryKey: string };
}

export interface AppliedConfiguration {
  readonly status: 'Applied' | 'Targeted';
}

export interface TwinState {
  readonly counter: number;
  readonly version: number;
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  readonly configurations: Readonly<Record<string, AppliedConfiguration>>;
  /** Desired paths that layered configurations wrote, so that they can be taken away again. */
  readonly layeredPaths: readonly string[];
}

/** A device or module identity with its twin; never changed in place. Times are ISO 8601. */
export interface Entity {
  readonly deviceId: string;
  readonly moduleId: string | null;
  readonly generationId: string;
  readonly etag: string;
  readonly status: 'enabled' | 'disabled';
  readonly statusReason: string | null;
  readonly statusUpdatedTime: string;
  readonly connected: boolean;
  readonly connectionStateUpdatedTime: string;
  readonly lastActivityTime: string;
  readonly authentication: Authentication;
  readonly iotEdge: boolean;
  readonly managedBy: string | null;
  readonly twin: TwinState;
}

export const NEW_TWIN: TwinState = {
  counter: 1,
  version: 2,
  tags: {},
  desired: EMPTY_SECTION,
  reported: EMPTY_SECTION,
  configurations: {},
  layeredPaths: [],
};

export function entityKey(deviceId: string, moduleId: string | null): string {
  return moduleId === null ? deviceId : `${deviceId}/${moduleId}`;
}

export function newKey(): string {
  return randomBytes(32).toString('base64');
}

export function newGenerationId(): string {
  return `6385${randomInt(10 ** 13, 10 ** 14)}`;
}

/** The identity as `/devices/{id}` and `/devices/{id}/modules/{id}` show it. */
export function identityBody(entity: Entity): JsonObject {
  const common = {
    deviceId: entity.deviceId,
    generationId: entity.generationId,
    etag: entity.etag,
    connectionState: entity.connected ? 'Connected' : 'Disconnected',
    connectionStateUpdatedTime: entity.connectionStateUpdatedTime,
    lastActivityTime: entity.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authentication: {
      symmetricKey: { ...entity.authentication.symmetricKey },
      x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
      type: entity.authentication.type,
    },
  };
  if (entity.moduleId !== null) return { moduleId: entity.moduleId, managedBy: entity.managedBy, ...common };
  return {
    ...common,
    status: entity.status,
    statusReason: entity.statusReason,
    statusUpdatedTime: entity.statusUpdatedTime,
    capabilities: { iotEdge: entity.iotEdge },
  };
}

/** The twin as the REST API and queries show it. */
export function twinBody(entity: Entity): JsonObject {
  const { twin } = entity;
  return {
    deviceId: entity.deviceId,
    ...(entity.moduleId === null ? {} : { moduleId: entity.moduleId }),
    etag: counterEtag(twin.counter),
    deviceEtag: entity.etag,
    status: entity.status,
    statusUpdateTime: entity.statusUpdatedTime,
    connectionState: entity.connected ? 'Connected' : 'Disconnected',
    lastActivityTime: entity.lastActivityTime,
    cloudToDeviceMessageCount: 0,
    authenticationType: entity.authentication.type,
    x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
    modelId: '',
    version: twin.version,
    ...(entity.moduleId === null || Object.keys(twin.tags).length > 0 ? { tags: twin.tags } : {}),
    properties: { desired: sectionWithMetadata(twin.desired), reported: sectionWithMetadata(twin.reported) },
    ...(entity.moduleId === null ? { capabilities: { iotEdge: entity.iotEdge } } : {}),
    configurations: Object.fromEntries(
      Object.entries(twin.configurations).map(([id, applied]) => [id, { status: applied.status }]),
    ),
  };
}

/** The twin as its own device or module sees it. */
export function deviceTwinBody(entity: Entity): JsonObject {
  return { desired: sectionForDevice(entity.twin.desired), reported: sectionForDevice(entity.twin.reported) };
}

/** A twin changed by the service or by the device: next etag and version. */
export function touched(twin: TwinState, change: Partial<TwinState>): TwinState {
  return { ...twin, ...change, counter: twin.counter + 1, version: twin.version + 1 };
}

export { NEVER };
