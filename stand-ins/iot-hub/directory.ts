import { randomInt } from 'node:crypto';
import {
  entityKey,
  NEVER,
  NEW_TWIN,
  newGenerationId,
  newKey,
  touched,
  type Authentication,
  type Entity,
  type TwinState,
} from './entity.ts';
import { numberEtag } from './etag.ts';
import { HubError } from './hub-error.ts';
import type { JsonObject } from './json.ts';
import { checkTwinPart, diff, patchSection } from './twin-document.ts';
import type { StateFile } from './state-file.ts';

/**
 * Called after each change of an entity; `before` is null when it is new, `after` when it is gone.
 */
export type ChangeListener = (before: Entity | null, after: Entity | null) => void;

export interface NewIdentity {
  readonly deviceId: string;
  readonly moduleId: string | null;
  readonly iotEdge: boolean;
  readonly status: Entity['status'];
  readonly statusReason: string | null;
  readonly managedBy: string | null;
  readonly authentication: Authentication | null;
}

const ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@$']{1,128}$/;
const MAX_MODULES = 50;

/** All identities and twins: in memory for reading, in the state file for good. */
export class Directory {
  readonly #entities = new Map<string, Entity>();
  readonly #modules = new Map<string, Set<string>>();
  readonly #state: StateFile;
  readonly #now: () => Date;
  readonly #listeners: ChangeListener[] = [];

  constructor(state: StateFile, now: () => Date) {
    this.#state = state;
    this.#now = now;
  }

  /** Reads the state file; nobody is connected after a start. */
  load(): void {
    for (const [, entity] of this.#state.load<Entity>('entity'))
      this.#put(entity.connected ? { ...entity, connected: false } : entity);
  }

  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  timestamp(): string {
    return this.#now().toISOString();
  }

  find(deviceId: string, moduleId: string | null): Entity | undefined {
    return this.#entities.get(entityKey(deviceId, moduleId));
  }

  /** The identity; throws DeviceNotFound or ModuleNotFound. */
  get(deviceId: string, moduleId: string | null): Entity {
    const entity = this.find(deviceId, moduleId);
    if (entity) return entity;
    if (moduleId === null || !this.find(deviceId, null))
      throw new HubError('DeviceNotFound', `Device ${deviceId} is not registered.`);

    throw new HubError('ModuleNotFound', `Module ${moduleId} of device ${deviceId} is not registered.`);
  }

  *devices(): Generator<Entity> {
    for (const entity of this.#entities.values()) if (entity.moduleId === null) yield entity;
  }

  *all(): Generator<Entity> {
    yield* this.#entities.values();
  }

  modulesOf(deviceId: string): Entity[] {
    return [...(this.#modules.get(deviceId) ?? [])].sort().map((moduleId) => this.get(deviceId, moduleId));
  }

  /** Creates an identity with its twin; an IoT Edge device gets its `$edgeAgent` and `$edgeHub`. */
  create(identity: NewIdentity, twin: { tags?: JsonObject; desired?: JsonObject } = {}): Entity {
    const { deviceId, moduleId } = identity;
    for (const id of [deviceId, moduleId])
      if (id !== null && !ID.test(id)) throw new HubError('ArgumentInvalid', `"${id}" is not a valid id.`);

    if (moduleId !== null) this.#checkNewModule(deviceId, moduleId);
    else if (this.find(deviceId, null))
      throw new HubError('DeviceAlreadyExists', `Device ${deviceId} already exists.`);

    const entity: Entity = {
      deviceId,
      moduleId,
      generationId: newGenerationId(),
      etag: numberEtag(randomInt(10 ** 9)),
      status: identity.status,
      statusReason: identity.statusReason,
      statusUpdatedTime: NEVER,
      connected: false,
      connectionStateUpdatedTime: NEVER,
      lastActivityTime: NEVER,
      authentication: withKeys(identity.authentication),
      iotEdge: identity.iotEdge,
      managedBy: identity.managedBy,
      twin: this.#initialTwin(twin),
    };
    this.#change(null, entity);
    if (moduleId === null && identity.iotEdge) this.#createSystemModules(deviceId);
    return entity;
  }

  /** Replaces identity fields (not the twin); the caller has checked If-Match. */
  updateIdentity(entity: Entity, identity: Omit<NewIdentity, 'deviceId' | 'moduleId'>): Entity {
    const after: Entity = {
      ...entity,
      etag: numberEtag(randomInt(10 ** 9)),
      status: identity.status,
      statusReason: identity.statusReason,
      statusUpdatedTime: identity.status === entity.status ? entity.statusUpdatedTime : this.timestamp(),
      authentication: withKeys(identity.authentication ?? entity.authentication),
      iotEdge: identity.iotEdge,
      managedBy: identity.managedBy ?? entity.managedBy,
    };
    this.#change(entity, after);
    if (after.moduleId === null && after.iotEdge) this.#createSystemModules(after.deviceId);
    return after;
  }

  remove(entity: Entity): void {
    if (entity.moduleId === null) for (const module of this.modulesOf(entity.deviceId)) this.remove(module);
    this.#change(entity, null);
  }

  /** Puts a changed twin; the etag and version are the caller's. */
  putTwin(entity: Entity, twin: TwinState): Entity {
    const after = { ...entity, twin };
    this.#change(entity, after);
    return after;
  }

  /** Sets the desired properties to exactly these values; no change, no new version. */
  setDesired(entity: Entity, values: JsonObject, change: Partial<TwinState> = {}): Entity {
    const patch = diff(entity.twin.desired.values, values);
    if (Object.keys(patch).length === 0) return this.putTwin(entity, { ...entity.twin, ...change });
    checkTwinPart('desired', values);
    const desired = patchSection(entity.twin.desired, patch, { now: this.timestamp(), withVersion: true });
    return this.putTwin(entity, touched(entity.twin, { ...change, desired }));
  }

  /** Notes that a device or module has come, gone, or done something. */
  setActivity(entity: Entity, connected: boolean): Entity {
    const now = this.timestamp();
    const changed = connected !== entity.connected;
    const after: Entity = {
      ...entity,
      connected,
      lastActivityTime: now,
      connectionStateUpdatedTime: changed ? now : entity.connectionStateUpdatedTime,
    };
    this.#change(entity, after);
    return after;
  }

  #checkNewModule(deviceId: string, moduleId: string): void {
    this.get(deviceId, null);
    if (this.find(deviceId, moduleId))
      throw new HubError(
        'ModuleAlreadyExistsOnDevice',
        `Module ${moduleId} already exists on device ${deviceId}.`,
      );

    if ((this.#modules.get(deviceId)?.size ?? 0) >= MAX_MODULES)
      throw new HubError('ModuleLimitExceeded', `Device ${deviceId} has ${MAX_MODULES} modules already.`);
  }

  #initialTwin(initial: { tags?: JsonObject; desired?: JsonObject }): TwinState {
    const { tags = {}, desired = {} } = initial;
    checkTwinPart('tags', tags);
    checkTwinPart('desired', desired);
    if (Object.keys(desired).length === 0) return { ...NEW_TWIN, tags };
    return {
      ...NEW_TWIN,
      tags,
      desired: patchSection(NEW_TWIN.desired, desired, { now: this.timestamp(), withVersion: true }),
    };
  }

  #createSystemModules(deviceId: string): void {
    for (const moduleId of ['$edgeAgent', '$edgeHub']) {
      if (this.find(deviceId, moduleId)) continue;
      this.create({
        deviceId,
        moduleId,
        iotEdge: false,
        status: 'enabled',
        statusReason: null,
        managedBy: 'iotEdge',
        authentication: null,
      });
    }
  }

  #change(before: Entity | null, after: Entity | null): void {
    const { deviceId, moduleId } = after ?? before ?? { deviceId: '', moduleId: null };
    if (after) {
      this.#put(after);
    } else {
      this.#entities.delete(entityKey(deviceId, moduleId));
      if (moduleId !== null) this.#modules.get(deviceId)?.delete(moduleId);
    }
    this.#state.put('entity', entityKey(deviceId, moduleId), after ?? undefined);
    for (const listener of this.#listeners) listener(before, after);
  }

  #put(entity: Entity): void {
    this.#entities.set(entityKey(entity.deviceId, entity.moduleId), entity);
    if (entity.moduleId === null) return;
    const modules = this.#modules.get(entity.deviceId) ?? new Set<string>();
    this.#modules.set(entity.deviceId, modules.add(entity.moduleId));
  }
}

function withKeys(authentication: Authentication | null): Authentication {
  const given = authentication ?? { type: 'sas', symmetricKey: { primaryKey: '', secondaryKey: '' } };
  return {
    type: given.type,
    symmetricKey: {
      primaryKey: given.symmetricKey.primaryKey || newKey(),
      secondaryKey: given.symmetricKey.secondaryKey || newKey(),
    },
  };
}
