import { sql } from 'kysely';
import type { RawBuilder, SqlBool } from 'kysely';
import type {
  Comparator,
  SearchClause,
  SearchEntity,
  SearchOrder,
} from '../../../../contracts/mlflow/tracking.ts';

/**
 * Where the keys of a search are: attributes are columns, everything else rows of a table beside.
 * Names come from here only.
 */
export interface SearchColumns {
  readonly attributes: Readonly<Record<string, RawBuilder<unknown>>>;
  /** A condition that holds for rows with this key, and the value that they hold. */
  readonly beside?: Partial<Record<SearchEntity, SideTable>>;
}

export interface SideTable {
  /** FROM and WHERE that find the rows of the key, without the comparison. */
  rows(key: string): RawBuilder<unknown>;
  value(key: string): RawBuilder<unknown>;
}

const SIGNS: Readonly<Partial<Record<Comparator, RawBuilder<unknown>>>> = {
  '=': sql.raw('='),
  '!=': sql.raw('<>'),
  '<': sql.raw('<'),
  '<=': sql.raw('<='),
  '>': sql.raw('>'),
  '>=': sql.raw('>='),
};

/** A clause as a condition; every value is a parameter. */
function clauseSql(columns: SearchColumns, clause: SearchClause): RawBuilder<SqlBool> {
  const { entity, key, comparator } = clause;
  if (entity === 'attribute') return compare(attribute(columns, key), clause);
  const table = side(columns, entity);
  const rows = table.rows(key);
  if (comparator === 'IS NULL') return sql<SqlBool>`not exists (select 1 ${rows})`;
  if (comparator === 'IS NOT NULL') return sql<SqlBool>`exists (select 1 ${rows})`;
  const value = table.value(key);
  const holds = compare(value, clause);
  // PostgreSQL sorts NaN above every number; in a comparison it is neither more nor less nor equal.
  const real = entity === 'metric' ? sql` and ${value} <> 'NaN'` : sql``;
  return sql<SqlBool>`exists (select 1 ${rows} and ${holds}${real})`;
}

/** An entry of an order; rows without the key come last, those with NaN before them. */
function orderSql(columns: SearchColumns, { entity, key, descending }: SearchOrder) {
  const direction = sql.raw(descending ? 'desc' : 'asc');
  if (entity === 'attribute') return sql`${attribute(columns, key)} ${direction} nulls last`;
  const table = side(columns, entity);
  const value = sql`(select ${table.value(key)} ${table.rows(key)} limit 1)`;
  if (entity !== 'metric') return sql`${value} ${direction} nulls last`;
  return sql`(${value} = 'NaN') asc nulls last, ${value} ${direction} nulls last`;
}

function attribute(columns: SearchColumns, key: string): RawBuilder<unknown> {
  const column = Object.hasOwn(columns.attributes, key) ? columns.attributes[key] : undefined;
  if (column === undefined) throw new Error(`the search has no column for "${key}"`);
  return column;
}

function side(columns: SearchColumns, entity: SearchEntity): SideTable {
  const table = columns.beside?.[entity];
  if (table === undefined) throw new Error(`the search has no table of ${entity}s`);
  return table;
}

function compare(
  left: RawBuilder<unknown>,
  { comparator, value }: Pick<SearchClause, 'comparator' | 'value'>,
): RawBuilder<SqlBool> {
  const sign = SIGNS[comparator];
  if (sign !== undefined) return sql<SqlBool>`${left} ${sign} ${value}`;
  // In MLflow's patterns only % and _ are special.
  if (comparator === 'LIKE') return sql<SqlBool>`${left} like ${value} escape ''`;
  if (comparator === 'ILIKE') return sql<SqlBool>`${left} ilike ${value} escape ''`;
  const list = sql`${left} = any(${value})`;
  return comparator === 'IN' ? sql<SqlBool>`${list}` : sql<SqlBool>`not (${list})`;
}

/** All clauses of a search as one condition. */
export function clausesSql(columns: SearchColumns, clauses: readonly SearchClause[]): RawBuilder<SqlBool> {
  if (clauses.length === 0) return sql<SqlBool>`true`;
  return sql<SqlBool>`${sql.join(
    clauses.map((clause) => clauseSql(columns, clause)),
    sql` and `,
  )}`;
}

/** A search's own order with what breaks its ties behind. */
export function ordersSql(
  columns: SearchColumns,
  orders: readonly SearchOrder[],
  ties: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql.join([...orders.map((order) => orderSql(columns, order)), ties]);
}

/** A table of keys and values beside the rows of a search, joined by `link`. */
export function keyValues(table: string, link: string): SideTable {
  const condition = sql.raw(link);
  return {
    rows: (key) => sql`from ${sql.table(table)} kv where ${condition} and kv.key = ${key}`,
    value: () => sql`kv.value`,
  };
}
