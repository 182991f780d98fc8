import { HubError } from './hub-error.ts';
import { isObject, sameJson, type Json, type JsonObject } from './json.ts';

/**
 * Desired or reported properties of a twin, with IoT Hub's per-value change times. Times are
 * ISO 8601.
 */
export interface TwinSection {
  readonly values: JsonObject;
  readonly metadata: JsonObject;
  readonly version: number;
}

export const NEVER = '0001-01-01T00:00:00Z';
export const EMPTY_SECTION: TwinSection = { values: {}, metadata: { $lastUpdated: NEVER }, version: 1 };

const KILOBYTE = 1024;
const TWIN_LIMITS = { tags: 8 * KILOBYTE, desired: 32 * KILOBYTE, reported: 32 * KILOBYTE } as const;
const MAX_DEPTH = 10;
const MAX_STRING = 4096;
const MAX_INTEGER = 4_503_599_627_370_495;

/** JSON merge as twins do it: objects merge, everything else replaces, null deletes. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch))
    if (value === null) {
      delete result[key];
    } else if (isObject(value)) {
      const current = result[key];
      result[key] = mergePatch(isObject(current) ? current : {}, value);
    } else {
      result[key] = value;
    }

  return result;
}

/** The patch that turns `from` into `to`; empty when they are equal. */
export function diff(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    if (sameJson(before, value)) continue;
    patch[key] = isObject(before) && isObject(value) ? diff(before, value) : value;
  }
  return patch;
}

/**
 * The section after a patch: values merged, version + 1, `$lastUpdated` of every touched value set.
 */
export function patchSection(
  section: TwinSection,
  patch: JsonObject,
  { now, withVersion }: { now: string; withVersion: boolean },
): TwinSection {
  const version = section.version + 1;
  const stamp: JsonObject = withVersion
    ? { $lastUpdated: now, $lastUpdatedVersion: version }
    : { $lastUpdated: now };
  return {
    values: mergePatch(section.values, patch),
    metadata: stampMetadata(section.metadata, patch, stamp),
    version,
  };
}

function stampMetadata(metadata: JsonObject, patch: JsonObject, stamp: JsonObject): JsonObject {
  const result: JsonObject = { ...metadata, ...stamp };
  for (const [key, value] of Object.entries(patch))
    if (value === null) {
      delete result[key];
    } else {
      const before = result[key];
      result[key] = isObject(value)
        ? stampMetadata(isObject(before) ? before : {}, value, stamp)
        : { ...stamp };
    }

  return result;
}

/** A section as the REST API shows it. */
export function sectionWithMetadata(section: TwinSection): JsonObject {
  return { ...section.values, $metadata: section.metadata, $version: section.version };
}

/** A section as a device sees it over MQTT: no metadata. */
export function sectionForDevice(section: TwinSection): JsonObject {
  return { ...section.values, $version: section.version };
}

/**
 * The object without `$version` and `$metadata`, which clients may send back and the hub ignores.
 */
export function withoutSystemKeys(value: JsonObject): JsonObject {
  const { $version: _version, $metadata: _metadata, ...rest } = value;
  return rest;
}

/**
 * Throws ArgumentInvalid when a part of a twin breaks IoT Hub's rules for keys, depth, values or
 * size.
 */
export function checkTwinPart(part: keyof typeof TWIN_LIMITS, values: JsonObject): void {
  checkValue(part, values, 0);
  const size = sizeOf(values);
  if (size > TWIN_LIMITS[part])
    throw new HubError(
      'ArgumentInvalid',
      `Twin ${part} is ${size} bytes, at most ${TWIN_LIMITS[part]} are allowed.`,
    );
}

function checkValue(path: string, value: Json, depth: number): void {
  if (depth > MAX_DEPTH)
    throw new HubError('ArgumentInvalid', `${path}: nested deeper than ${MAX_DEPTH} levels.`);
  if (typeof value === 'string' && Buffer.byteLength(value) > MAX_STRING)
    throw new HubError('ArgumentInvalid', `${path}: a string longer than ${MAX_STRING} bytes.`);

  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > MAX_INTEGER)
    throw new HubError('ArgumentInvalid', `${path}: an integer beyond ±${MAX_INTEGER}.`);

  if (Array.isArray(value)) for (const item of value) checkValue(`${path}[]`, item, depth + 1);
  else if (isObject(value))
    for (const [key, child] of Object.entries(value)) {
      if (key === '' || /[.$ \u0000-\u001f\u007f-\u009f]/.test(key))
        throw new HubError(
          'ArgumentInvalid',
          `${path}: the key "${key}" has a character that twins do not allow.`,
        );

      if (Buffer.byteLength(key) > 1024)
        throw new HubError('ArgumentInvalid', `${path}: a key longer than 1 KB.`);
      checkValue(`${path}.${key}`, child, depth + 1);
    }
}

/**
 * IoT Hub's size of a twin value in bytes: UTF-8 of keys and strings, 8 per number, 4 per boolean.
 */
function sizeOf(value: Json): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return 8;
  if (typeof value === 'boolean') return 4;
  if (value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 0);
  return Object.entries(value).reduce((sum, [key, child]) => sum + Buffer.byteLength(key) + sizeOf(child), 0);
}
