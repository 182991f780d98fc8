import type { Directory } from './directory.ts';
import { touched, type Entity } from './entity.ts';
import { checkIfMatch, counterEtag } from './etag.ts';
import { HubError } from './hub-error.ts';
import { isObject, type JsonObject } from './json.ts';
import { checkTwinPart, diff, mergePatch, patchSection, withoutSystemKeys } from './twin-document.ts';

/** The body of a twin request and its If-Match header. */
export interface TwinRequest {
  readonly body: unknown;
  readonly ifMatch: string | undefined;
}

/**
 * PATCH of a twin by the service: tags and desired properties merge, null deletes. Returns the twin
 * after it.
 */
export function patchTwin(directory: Directory, entity: Entity, { body, ifMatch }: TwinRequest): Entity {
  checkIfMatch(ifMatch, counterEtag(entity.twin.counter));
  const { tags, desired } = readTwin(body);
  const { twin } = entity;
  const change: { tags?: JsonObject; desired?: typeof twin.desired } = {};
  if (tags) {
    change.tags = mergePatch(twin.tags, tags);
    checkTwinPart('tags', change.tags);
  }
  if (desired) {
    change.desired = patchSection(twin.desired, desired, { now: directory.timestamp(), withVersion: true });
    checkTwinPart('desired', change.desired.values);
  }
  return directory.putTwin(entity, touched(twin, change));
}

/**
 * PUT of a twin by the service: tags and desired properties are replaced. Returns the twin after
 * it.
 */
export function replaceTwin(directory: Directory, entity: Entity, { body, ifMatch }: TwinRequest): Entity {
  checkIfMatch(ifMatch, counterEtag(entity.twin.counter));
  const { tags, desired } = readTwin(body);
  const { twin } = entity;
  const newTags = tags === null ? twin.tags : mergePatch({}, tags);
  checkTwinPart('tags', newTags);
  if (desired === null) return directory.putTwin(entity, touched(twin, { tags: newTags }));
  const values = mergePatch({}, desired);
  checkTwinPart('desired', values);
  const patch = diff(twin.desired.values, values);
  const section = patchSection(twin.desired, patch, { now: directory.timestamp(), withVersion: true });
  return directory.putTwin(entity, touched(twin, { tags: newTags, desired: section }));
}

/** A device's update of its reported properties. Returns the twin after it. */
export function patchReported(directory: Directory, entity: Entity, body: unknown): Entity {
  if (!isObject(body)) throw new HubError('ArgumentInvalid', 'Reported properties must be a JSON object.');
  const patch = withoutSystemKeys(body);
  const reported = patchSection(entity.twin.reported, patch, {
    now: directory.timestamp(),
    withVersion: false,
  });
  checkTwinPart('reported', reported.values);
  return directory.putTwin(entity, touched(entity.twin, { reported }));
}

/** The parts of a twin in a request; throws ArgumentInvalid when one is not an object. */
function readTwin(body: unknown): { tags: JsonObject | null; desired: JsonObject | null } {
  if (!isObject(body)) throw new HubError('ArgumentInvalid', 'A twin must be a JSON object.');
  const properties = body['properties'] ?? {};
  if (!isObject(properties)) throw new HubError('ArgumentInvalid', 'properties: expected an object.');
  return { tags: part('tags', body['tags']), desired: part('properties.desired', properties['desired']) };
}

function part(name: string, value: unknown): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw new HubError('ArgumentInvalid', `${name}: expected an object.`);
  return withoutSystemKeys(value);
}
