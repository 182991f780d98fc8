import { isObject, sameJson, type Json, type JsonObject } from './json.ts';
import type { Comparison, Condition, Operand, Path, Query } from './query-ast.ts';

/** Three-valued truth: a comparison with a property that is not there is neither true nor false. */
type Truth = boolean | undefined;

/** True when the document meets the condition; null is met by every document. */
export function matches(condition: Condition | null, document: JsonObject): boolean {
  return condition === null || truth(condition, document) === true;
}

/** The value at a path, or undefined where there is none. */
export function valueAt(document: JsonObject, path: Path): Json | undefined {
  let value: Json | undefined = document;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/**
 * The rows of a query over the documents, before paging: whole documents, projections, or groups
 * with their counts.
 */
export function* evaluate(query: Query, documents: Iterable<JsonObject>): Generator<JsonObject> {
  const limit = query.top ?? Infinity;
  let given = 0;
  const rows = isAggregate(query) ? groups(query, documents) : plainRows(query, documents);
  for (const row of rows) {
    if (given >= limit) return;
    given += 1;
    yield row;
  }
}

export function isAggregate(query: Query): boolean {
  return query.groupBy.length > 0 || (query.select?.some((item) => item.kind === 'count') ?? false);
}

/** One matching document as the row that the query selects. */
export function project(query: Query, document: JsonObject): JsonObject {
  if (query.select === null) return document;
  const row: JsonObject = {};
  for (const item of query.select) {
    const value = item.kind === 'path' ? valueAt(document, item.path) : undefined;
    if (value !== undefined) row[item.name] = value;
  }
  return row;
}

function* plainRows(query: Query, documents: Iterable<JsonObject>): Generator<JsonObject> {
  for (const document of documents) if (matches(query.where, document)) yield project(query, document);
}

function* groups(query: Query, documents: Iterable<JsonObject>): Generator<JsonObject> {
  const found = new Map<string, { row: JsonObject; count: number }>();
  for (const document of documents) {
    if (!matches(query.where, document)) continue;
    const key = JSON.stringify(query.groupBy.map((path) => valueAt(document, path) ?? null));
    const group = found.get(key);
    if (group) group.count += 1;
    else found.set(key, { row: project(query, document), count: 1 });
  }
  if (found.size === 0 && query.groupBy.length === 0) found.set('', { row: {}, count: 0 });
  for (const { row, count } of found.values()) {
    const result: JsonObject = { ...row };
    for (const item of query.select ?? []) if (item.kind === 'count') result[item.name] = count;
    yield result;
  }
}

function truth(condition: Condition, document: JsonObject): Truth {
  switch (condition.kind) {
    case 'and': {
      const left = truth(condition.left, document);
      if (left === false) return false;
      const right = truth(condition.right, document);
      if (right === false) return false;
      return left === undefined || right === undefined ? undefined : true;
    }
    case 'or': {
      const left = truth(condition.left, document);
      if (left === true) return true;
      const right = truth(condition.right, document);
      if (right === true) return true;
      return left === undefined || right === undefined ? undefined : false;
    }
    case 'not': {
      const inner = truth(condition.operand, document);
      return inner === undefined ? undefined : !inner;
    }
    case 'compare':
      return compare(condition.operator, read(condition.left, document), read(condition.right, document));
    case 'in': {
      const left = read(condition.left, document);
      if (left === undefined) return undefined;
      const found = condition.list.some((item) => sameJson(left, read(item, document)));
      return found !== condition.negated;
    }
    case 'defined':
      return valueAt(document, condition.path) !== undefined;
    case 'startsWith': {
      const left = read(condition.left, document);
      const right = read(condition.right, document);
      return typeof left === 'string' && typeof right === 'string' ? left.startsWith(right) : undefined;
    }
  }
}

function read(operand: Operand, document: JsonObject): Json | undefined {
  return operand.kind === 'value' ? operand.value : valueAt(document, operand.path);
}

function compare(operator: Comparison, left: Json | undefined, right: Json | undefined): Truth {
  if (left === undefined || right === undefined) return undefined;
  if (operator === '=') return sameJson(left, right);
  if (operator === '!=') return !sameJson(left, right);
  const comparable =
    (typeof left === 'number' && typeof right === 'number') ||
    (typeof left === 'string' && typeof right === 'string');
  if (!comparable) return undefined;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  if (operator === '>') return left > right;
  return left >= right;
}

/** Every property path that a condition reads. */
export function pathsOf(condition: Condition | null): Path[] {
  if (condition === null) return [];
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...pathsOf(condition.left), ...pathsOf(condition.right)];
    case 'not':
      return pathsOf(condition.operand);
    case 'defined':
      return [condition.path];
    case 'compare':
    case 'startsWith':
      return [condition.left, condition.right].flatMap((o) => (o.kind === 'path' ? [o.path] : []));
    case 'in':
      return [condition.left, ...condition.list].flatMap((o) => (o.kind === 'path' ? [o.path] : []));
  }
}
