import { createHash } from 'node:crypto';
import { entityKey, twinBody, type Entity } from './entity.ts';
import { HubError } from './hub-error.ts';
import type { JsonObject } from './json.ts';
import type { Query } from './query-ast.ts';
import { evaluate, isAggregate, matches, project } from './query-evaluator.ts';
import { parseQuery } from './query-parser.ts';

export interface QueryPage {
  readonly rows: JsonObject[];
  readonly continuation: string | null;
  readonly itemType: 'Twin' | 'Raw';
}

const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

/**
 * What queries see: the twins as they were `lagMs` ago, as in IoT Hub, where queries lag behind
 * twin reads.
 */
export class QueryIndex {
  readonly #entities = { devices: new Map<string, Entity>(), 'devices.modules': new Map<string, Entity>() };
  readonly #sorted: Record<Query['from'], string[] | null> = { devices: null, 'devices.modules': null };
  readonly #now: () => Date;
  #waiting: Array<{ at: number; key: string; moduleId: string | null; entity: Entity | null }> = [];
  lagMs: number;

  constructor(lagMs: number, now: () => Date) {
    this.lagMs = lagMs;
    this.#now = now;
  }

  /** Makes an entity visible after the lag; null entity: its deletion. */
  publish(deviceId: string, moduleId: string | null, entity: Entity | null): void {
    const change = {
      at: this.#now().getTime() + this.lagMs,
      key: entityKey(deviceId, moduleId),
      moduleId,
      entity,
    };
    if (this.lagMs <= 0 && this.#waiting.length === 0) this.#apply(change);
    else this.#waiting.push(change);
  }

  /**
   * One page of a query; throws ArgumentInvalid for a bad query or a continuation token of another
   * one.
   */
  page(text: string, pageSize: number | null, continuation: string | null): QueryPage {
    const query = parseQuery(text);
    const size = Math.min(pageSize ?? DEFAULT_PAGE, MAX_PAGE);

    const digest = createHash('sha256').update(text).digest('base64url').slice(0, 12);
    const after = continuation === null ? null : readToken(continuation, digest);
    if (isAggregate(query)) {
      const from = after === null ? 0 : Number(after);
      const rows = [...evaluate(query, this.#documents(query.from))];
      const next = from + size < rows.length ? String(from + size) : null;
      return {
        rows: rows.slice(from, from + size),
        continuation: token(next, digest),
        itemType: itemTypeOf(query),
      };
    }
    return this.#plainPage(query, { size, after, digest });
  }

  /** How many rows a query has; for the metrics of configurations. */
  count(query: Query): number {
    let count = 0;
    for (const _row of evaluate(query, this.#documents(query.from))) count += 1;
    return count;
  }

  #plainPage(
    query: Query,
    { size, after, digest }: { size: number; after: string | null; digest: string },
  ): QueryPage {
    const itemType = itemTypeOf(query);
    const [given, last] = splitToken(after);
    const limit = query.top ?? Infinity;
    const rows: JsonObject[] = [];
    let lastKey = '';
    for (const [key, entity] of this.#visible(query.from, last)) {
      const document = twinBody(entity);
      if (!matches(query.where, document)) continue;
      if (given + rows.length >= limit) break;
      if (rows.length === size)
        return { rows, continuation: token(`${given + rows.length}|${lastKey}`, digest), itemType };

      rows.push(project(query, document));
      lastKey = key;
    }
    return { rows, continuation: null, itemType };
  }

  *#documents(from: Query['from']): Generator<JsonObject> {
    for (const [, entity] of this.#visible(from, null)) yield twinBody(entity);
  }

  *#visible(from: Query['from'], after: string | null): Generator<[string, Entity]> {
    this.#catchUp();
    const entities = this.#entities[from];
    const keys = (this.#sorted[from] ??= [...entities.keys()].sort());
    for (let i = after === null ? 0 : firstAfter(keys, after); i < keys.length; i += 1) {
      const key = keys[i];
      const entity = key === undefined ? undefined : entities.get(key);
      if (key !== undefined && entity) yield [key, entity];
    }
  }

  #catchUp(): void {
    const now = this.#now().getTime();
    const ready = this.#waiting.findIndex((change) => change.at > now);
    const due = ready === -1 ? this.#waiting.length : ready;
    for (const change of this.#waiting.slice(0, due)) this.#apply(change);
    if (due > 0) this.#waiting = this.#waiting.slice(due);
  }

  #apply(change: { key: string; moduleId: string | null; entity: Entity | null }): void {
    const from = change.moduleId === null ? 'devices' : 'devices.modules';
    const entities = this.#entities[from];
    const known = entities.has(change.key);
    if (change.entity) entities.set(change.key, change.entity);
    else entities.delete(change.key);
    if (known !== (change.entity !== null)) this.#sorted[from] = null;
  }
}

function itemTypeOf(query: Query): QueryPage['itemType'] {
  return query.select === null ? 'Twin' : 'Raw';
}

function firstAfter(keys: readonly string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function token(position: string | null, digest: string): string | null {
  return position === null ? null : Buffer.from(`${digest}|${position}`).toString('base64');
}

function readToken(continuation: string, digest: string): string {
  const text = Buffer.from(continuation, 'base64').toString();
  const at = text.indexOf('|');
  if (at === -1 || text.slice(0, at) !== digest)
    throw new HubError('ArgumentInvalid', 'BadRequest: the continuation token belongs to another query.');

  return text.slice(at + 1);
}

function splitToken(after: string | null): [given: number, last: string | null] {
  if (after === null) return [0, null];
  const at = after.indexOf('|');
  return [Number(after.slice(0, at)), after.slice(at + 1)];
}
