import {
  chooseDeployments,
  composeDevice,
  composeModules,
  targetOf,
  type Configuration,
  type ModuleTarget,
} from './configuration-content.ts';
import type { Directory } from './directory.ts';
import { twinBody, type AppliedConfiguration, type Entity } from './entity.ts';
import { isObject, removePath, sameJson, setPath, type JsonObject } from './json.ts';
import type { Condition } from './query-ast.ts';
import { matches, pathsOf, valueAt } from './query-evaluator.ts';

const CHUNK = 100;

interface Target {
  readonly configuration: Configuration;
  readonly all: boolean;
  readonly condition: Condition | null;
}

/**
 * Works out, level-triggered, what the configurations mean for each device, and writes it into the
 * module twins: at once when a device's tags change, in the background for the whole fleet when a
 * configuration changes.
 */
export class Deployments {
  readonly #directory: Directory;
  #targets: Target[] = [];
  #readsReported = false;
  #waiting = new Set<string>();
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(directory: Directory) {
    this.#directory = directory;
    directory.onChange((before, after) => {
      if (after?.moduleId === null && this.#concerns(before, after)) this.#enqueue([after.deviceId]);
    });
  }

  /** Takes the current set of configurations and looks at every device again. */
  use(configurations: readonly Configuration[]): void {
    this.#targets = configurations.map((configuration) => ({ configuration, ...targetOf(configuration) }));
    this.#readsReported = this.#targets.some((target) =>
      pathsOf(target.condition).some((path) => path[0] === 'properties' && path[1] === 'reported'),
    );
    this.#enqueue([...this.#directory.devices()].map((device) => device.deviceId));
  }

  /** Resolves when no device waits to be looked at. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  /**
   * Writes what base and layers give into the module twins of the device, and notes which
   * configurations apply.
   */
  evaluate(deviceId: string): void {
    const device = this.#directory.find(deviceId, null);
    if (!device) return;
    const document = twinBody(device);
    const targeting = this.#targets
      .filter((t) => t.all || (t.condition !== null && matches(t.condition, document)))
      .map((t) => t.configuration);
    const chosen = device.iotEdge ? chooseDeployments(targeting) : [];
    this.applyModules(device, chosen);
    this.#applyDevice(device, targeting, chosen);
  }

  /** Sets the module twins of one device to what these configurations add up to. */
  applyModules(
    device: Entity,
    chosen: readonly Configuration[],
    listed: Readonly<Record<string, AppliedConfiguration>> = appliedTo(chosen),
  ): void {
    const targets = composeModules(chosen);
    const agent = targets.get('$edgeAgent')?.desired;
    const wanted = isObject(agent?.['modules']) ? Object.keys(agent['modules']) : [];
    for (const moduleId of new Set([...targets.keys(), ...wanted])) {
      if (this.#directory.find(device.deviceId, moduleId)) continue;
      this.#directory.create({
        deviceId: device.deviceId,
        moduleId,
        iotEdge: false,
        status: 'enabled',
        statusReason: null,
        managedBy: 'iotEdge',
        authentication: null,
      });
    }
    for (const module of this.#directory.modulesOf(device.deviceId)) {
      const moduleId = module.moduleId ?? '';
      const sources = chosen.filter(
        (c) => Object.hasOwn(c.modulesContent ?? {}, moduleId) && Object.hasOwn(listed, c.id),
      );
      this.#write(module, targets.get(moduleId), moduleId === '$edgeAgent' ? listed : appliedTo(sources));
    }
  }

  /**
   * Sets the module twins of one device to this content alone, as `applyConfigurationContent` does.
   */
  applyOnce(device: Entity, configuration: Configuration): void {
    this.applyModules(device, [configuration], {});
  }

  #applyDevice(device: Entity, targeting: readonly Configuration[], chosen: readonly Configuration[]): void {
    const configurations: Record<string, AppliedConfiguration> = {};
    for (const c of targeting) {
      const applied = c.deviceContent !== null || chosen.includes(c);
      configurations[c.id] = { status: applied ? 'Applied' : 'Targeted' };
    }
    const current = this.#directory.find(device.deviceId, null) ?? device;
    this.#write(current, composeDevice(targeting), configurations);
  }

  #write(
    entity: Entity,
    target: ModuleTarget | undefined,
    configurations: Readonly<Record<string, AppliedConfiguration>>,
  ): void {
    const { twin } = entity;
    const paths = target?.paths ?? [];
    let desired = twin.desired.values;
    if (target?.whole) {
      desired = target.desired;
    } else {
      for (const path of twin.layeredPaths)
        if (!paths.includes(path)) desired = removePath(desired, path.split('.'));

      for (const path of paths) desired = setPath(desired, path.split('.'), valueAtPath(target, path));
    }
    const unchanged =
      sameJson(desired, twin.desired.values) &&
      sameJson([...paths], [...twin.layeredPaths]) &&
      JSON.stringify(configurations) === JSON.stringify(twin.configurations);
    if (!unchanged) this.#directory.setDesired(entity, desired, { configurations, layeredPaths: paths });
  }

  #concerns(before: Entity | null, after: Entity): boolean {
    if (this.#targets.length === 0) return false;
    if (before === null || before.iotEdge !== after.iotEdge) return true;
    if (!sameJson(before.twin.tags, after.twin.tags)) return true;
    return this.#readsReported && before.twin.reported !== after.twin.reported;
  }

  #enqueue(deviceIds: readonly string[]): void {
    if (this.#stopped) return;
    for (const deviceId of deviceIds) this.#waiting.add(deviceId);
    if (this.#waiting.size > 0) this.#running ??= this.#drain().finally(() => (this.#running = null));
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stopped) {
      await new Promise((resolve) => setImmediate(resolve));
      const chunk = [...this.#waiting].slice(0, CHUNK);
      for (const deviceId of chunk) {
        this.#waiting.delete(deviceId);
        this.evaluate(deviceId);
      }
    }
  }
}

function appliedTo(chosen: readonly Configuration[]): Record<string, AppliedConfiguration> {
  return Object.fromEntries(chosen.map((c) => [c.id, { status: 'Applied' }]));
}

function valueAtPath(target: ModuleTarget | undefined, path: string): JsonObject[string] {
  return valueAt(target?.desired ?? {}, path.split('.')) ?? null;
}
