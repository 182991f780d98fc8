import { HubError } from './hub-error.ts';
import { isObject, setPath, type JsonObject } from './json.ts';
import type { Condition } from './query-ast.ts';
import { parseCondition } from './query-parser.ts';

const DESIRED = 'properties.desired';

/** An automatic deployment as it is kept. Times are ISO 8601. */
export interface Configuration {
  readonly id: string;
  readonly etag: string;
  readonly labels: JsonObject;
  /** Module → its content (IoT Edge), or null. */
  readonly modulesContent: Readonly<Record<string, JsonObject>> | null;
  /** Desired paths of device twins (device management), or null. */
  readonly deviceContent: JsonObject | null;
  readonly targetCondition: string;
  readonly priority: number;
  readonly metricQueries: Readonly<Record<string, string>>;
  readonly createdTimeUtc: string;
  readonly lastUpdatedTimeUtc: string;
}

/** What the configurations of one device add up to for one module. */
export interface ModuleTarget {
  /**
   * True: the desired properties are exactly `desired`; false: only the `paths` are set in them.
   */
  readonly whole: boolean;
  readonly desired: JsonObject;
  readonly paths: readonly string[];
}

/** The condition of a configuration; null with `all` false means that it targets nothing. */
export function targetOf(configuration: Configuration): { all: boolean; condition: Condition | null } {
  const condition = parseCondition(configuration.targetCondition);
  return { all: configuration.targetCondition.trim() === '*', condition };
}

/**
 * A configuration is layered when none of its modules brings the whole of `$edgeAgent`'s desired
 * properties.
 */
function isLayered(configuration: Configuration): boolean {
  const agent = configuration.modulesContent?.['$edgeAgent'];
  return agent === undefined || !Object.hasOwn(agent, DESIRED);
}

/** Low to high: the later one wins; among equals the younger. */
function byPriority(a: Configuration, b: Configuration): number {
  return a.priority - b.priority || (a.createdTimeUtc < b.createdTimeUtc ? -1 : 1);
}

/**
 * The configurations that a device gets: the base of the highest priority, and the layers above it,
 * low to high. Without a base there is nothing to put layers on.
 */
export function chooseDeployments(targeting: readonly Configuration[]): Configuration[] {
  const ordered = targeting.filter((c) => c.modulesContent !== null).sort(byPriority);
  const base = ordered.findLast((c) => !isLayered(c));
  if (!base) return [];
  return [base, ...ordered.filter((c) => isLayered(c) && c.priority > base.priority)];
}

/** Desired properties per module after base and layers are put on one another, lowest first. */
export function composeModules(chosen: readonly Configuration[]): Map<string, ModuleTarget> {
  const targets = new Map<string, ModuleTarget>();
  for (const configuration of chosen)
    for (const [module, content] of Object.entries(configuration.modulesContent ?? {})) {
      const before = targets.get(module) ?? { whole: false, desired: {}, paths: [] };
      targets.set(module, layer(before, content));
    }

  return targets;
}

/** Desired properties of a device twin that its device configurations add up to. */
export function composeDevice(targeting: readonly Configuration[]): ModuleTarget {
  return targeting
    .filter((c) => c.deviceContent !== null)
    .sort(byPriority)
    .reduce<ModuleTarget>((target, c) => layer(target, c.deviceContent ?? {}), {
      whole: false,
      desired: {},
      paths: [],
    });
}

function layer(before: ModuleTarget, content: JsonObject): ModuleTarget {
  let { whole, desired } = before;
  const paths = new Set(before.paths);
  const keys = Object.keys(content).sort((a, b) => a.length - b.length);
  for (const key of keys) {
    const value = content[key] ?? null;
    if (key === DESIRED) {
      whole = true;
      desired = isObject(value) ? value : {};
    } else {
      const path = key.slice(DESIRED.length + 1);
      desired = setPath(desired, path.split('.'), value);
      paths.add(path);
    }
  }
  return { whole, desired, paths: [...paths] };
}

/** Reads the content of a request; throws ArgumentInvalid that names the wrong part. */
export function readContent(content: unknown): Pick<Configuration, 'modulesContent' | 'deviceContent'> {
  if (content === undefined || content === null) return { modulesContent: null, deviceContent: null };
  if (!isObject(content)) throw invalid('content: expected an object');
  const { modulesContent, deviceContent, moduleContent, ...others } = content;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw invalid(`content.${unknown}: unknown`);
  if (moduleContent !== undefined && moduleContent !== null)
    throw invalid('content.moduleContent: not supported here');
  if (modulesContent && deviceContent) throw invalid('content: either modulesContent or deviceContent');
  if (modulesContent !== undefined && modulesContent !== null) {
    if (!isObject(modulesContent)) throw invalid('content.modulesContent: expected an object');
    return { modulesContent: checkModules(modulesContent), deviceContent: null };
  }
  if (deviceContent === undefined || deviceContent === null)
    return { modulesContent: null, deviceContent: null };
  if (!isObject(deviceContent)) throw invalid('content.deviceContent: expected an object');
  for (const key of Object.keys(deviceContent)) checkKey('content.deviceContent', key);
  return { modulesContent: null, deviceContent };
}

function checkModules(modules: JsonObject): Record<string, JsonObject> {
  const checked: Record<string, JsonObject> = {};
  for (const [module, content] of Object.entries(modules)) {
    const where = `content.modulesContent.${module}`;
    if (!isObject(content)) throw invalid(`${where}: expected an object`);
    for (const [key, value] of Object.entries(content)) {
      checkKey(where, key);
      if (key === DESIRED && !isObject(value)) throw invalid(`${where}['${key}']: expected an object`);
    }
    checked[module] = content;
  }
  return checked;
}

function checkKey(where: string, key: string): void {
  if (key !== DESIRED && !/^properties\.desired(\.[^.]+)+$/.test(key))
    throw invalid(`${where}['${key}']: expected properties.desired or properties.desired.<path>`);
}

function invalid(reason: string): HubError {
  return new HubError('ArgumentInvalid', `InvalidConfigurationContent: ${reason}.`);
}
