import { randomInt } from 'node:crypto';
import { readContent, type Configuration } from './configuration-content.ts';
import type { Deployments } from './deployments.ts';
import { checkIfMatch, numberEtag } from './etag.ts';
import { HubError } from './hub-error.ts';
import { isObject, sameJson, type JsonObject } from './json.ts';
import type { QueryIndex } from './query-index.ts';
import { parseCondition, parseQuery } from './query-parser.ts';
import type { StateFile } from './state-file.ts';

const MAX_CONFIGURATIONS = 100;
const ID = /^[a-z0-9\-:+%_#*?!(),=@;']{1,128}$/;

/** The automatic deployments of the hub, at most 100. */
export class Configurations {
  readonly #byId = new Map<string, Configuration>();
  readonly #state: StateFile;
  readonly #deployments: Deployments;
  readonly #index: QueryIndex;
  readonly #now: () => Date;

  constructor(parts: { state: StateFile; deployments: Deployments; index: QueryIndex; now: () => Date }) {
    this.#state = parts.state;
    this.#deployments = parts.deployments;
    this.#index = parts.index;
    this.#now = parts.now;
  }

  load(): void {
    for (const [id, configuration] of this.#state.load<Configuration>('configuration'))
      this.#byId.set(id, configuration);

    this.#deployments.use(this.list());
  }

  list(): Configuration[] {
    return [...this.#byId.values()];
  }

  /** The configuration; throws ConfigurationNotFound. */
  get(id: string): Configuration {
    const configuration = this.#byId.get(id);
    if (!configuration) throw new HubError('ConfigurationNotFound', `Configuration ${id} does not exist.`);
    return configuration;
  }

  /**
   * Creates, or replaces when If-Match is given; content and target condition are checked first.
   */
  put(
    id: string,
    body: unknown,
    ifMatch: string | undefined,
  ): { configuration: Configuration; created: boolean } {
    const before = this.#byId.get(id);
    if (ifMatch === undefined && before)
      throw new HubError('ConfigurationAlreadyExists', `Configuration ${id} already exists.`);

    if (ifMatch !== undefined) checkIfMatch(ifMatch, this.get(id).etag);
    if (!before && this.#byId.size >= MAX_CONFIGURATIONS)
      throw new HubError(
        'ConfigurationCountLimitExceeded',
        `The hub has ${MAX_CONFIGURATIONS} configurations, which is its limit.`,
      );

    const configuration = this.#read(id, body, before);
    this.#byId.set(id, configuration);
    this.#state.put('configuration', id, configuration);
    this.#deployments.use(this.list());
    return { configuration, created: !before };
  }

  remove(id: string, ifMatch: string | undefined): void {
    checkIfMatch(ifMatch, this.get(id).etag);
    this.#byId.delete(id);
    this.#state.put('configuration', id, undefined);
    this.#deployments.use(this.list());
  }

  /**
   * The configuration as the REST API shows it; metrics are counted by their queries, so they lag
   * as queries do.
   */
  body(configuration: Configuration): JsonObject {
    const content: JsonObject = configuration.modulesContent
      ? { modulesContent: { ...configuration.modulesContent } }
      : { deviceContent: configuration.deviceContent };
    return {
      id: configuration.id,
      schemaVersion: '1.0',
      labels: configuration.labels,
      content,
      targetCondition: configuration.targetCondition,
      createdTimeUtc: configuration.createdTimeUtc,
      lastUpdatedTimeUtc: configuration.lastUpdatedTimeUtc,
      priority: configuration.priority,
      systemMetrics: this.#metrics(systemQueries(configuration)),
      metrics: this.#metrics(configuration.metricQueries),
      etag: configuration.etag,
    };
  }

  #metrics(queries: Readonly<Record<string, string>>): JsonObject {
    const results = Object.entries(queries).map(([name, text]) => [
      name,
      this.#index.count(parseQuery(text)),
    ]);
    return { results: Object.fromEntries(results) as JsonObject, queries: { ...queries } };
  }

  #read(id: string, body: unknown, before: Configuration | undefined): Configuration {
    if (!ID.test(id))
      throw invalid(`"${id}" is not a valid configuration id (lower-case letters, digits, -:+%_#*?!(),=@;')`);
    if (!isObject(body)) throw invalid('expected a JSON object');
    const labels = body['labels'] ?? {};
    if (!isObject(labels) || Object.values(labels).some((value) => typeof value !== 'string'))
      throw invalid('labels: expected an object of strings');

    const priority = body['priority'] ?? 0;
    if (typeof priority !== 'number' || !Number.isInteger(priority) || priority < 0)
      throw invalid('priority: expected a whole number from 0');

    const targetCondition = body['targetCondition'] ?? '';
    if (typeof targetCondition !== 'string') throw invalid('targetCondition: expected a string');
    parseCondition(targetCondition);
    const content = readContent(body['content']);
    // IoT Hub keeps the content of a configuration for good: only labels, metrics, priority and
    // target may change.
    if (before && body['content'] !== undefined && !sameJson({ ...content }, pick(before)))
      throw invalid(
        'the content of a configuration cannot be changed, only its target, priority, labels and metrics',
      );

    const now = this.#now().toISOString();
    return {
      id,
      etag: numberEtag(randomInt(10 ** 9)),
      labels,
      modulesContent: before ? before.modulesContent : content.modulesContent,
      deviceContent: before ? before.deviceContent : content.deviceContent,
      targetCondition,
      priority,
      metricQueries: readQueries(body['metrics']),
      createdTimeUtc: before?.createdTimeUtc ?? now,
      lastUpdatedTimeUtc: now,
    };
  }
}

function pick(c: Configuration): { modulesContent: JsonObject | null; deviceContent: JsonObject | null } {
  return { modulesContent: c.modulesContent, deviceContent: c.deviceContent };
}

function readQueries(metrics: unknown): Record<string, string> {
  const queries = isObject(metrics) ? (metrics['queries'] ?? {}) : {};
  if (!isObject(queries)) throw invalid('metrics.queries: expected an object');
  const checked: Record<string, string> = {};
  for (const [name, text] of Object.entries(queries)) {
    if (typeof text !== 'string') throw invalid(`metrics.queries.${name}: expected a query`);
    parseQuery(text);
    checked[name] = text;
  }
  return checked;
}

/** The queries by which IoT Hub counts a deployment's devices. */
function systemQueries(c: Configuration): Record<string, string> {
  const condition = c.targetCondition.trim();
  const targeted =
    condition === '*'
      ? 'SELECT deviceId FROM devices'
      : `SELECT deviceId FROM devices WHERE ${condition === '' ? "deviceId = ''" : condition}`;
  const mine = `configurations.[[${c.id}]].status = 'Applied'`;
  if (c.modulesContent === null)
    return { targetedCount: targeted, appliedCount: `SELECT deviceId FROM devices WHERE ${mine}` };

  const applied = `SELECT deviceId FROM devices.modules WHERE moduleId = '$edgeAgent' AND ${mine}`;
  const current = 'properties.desired.$version = properties.reported.lastDesiredVersion';
  return {
    targetedCount: targeted,
    appliedCount: applied,
    reportedSuccessfulCount: `${applied} AND ${current} AND properties.reported.lastDesiredStatus.code = 200`,
    reportedFailedCount: `${applied} AND ${current} AND properties.reported.lastDesiredStatus.code != 200`,
  };
}

function invalid(reason: string): HubError {
  return new HubError('ArgumentInvalid', `InvalidConfiguration: ${reason}.`);
}
