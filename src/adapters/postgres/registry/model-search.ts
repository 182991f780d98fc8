import { sql } from 'kysely';
import type { Expression, Kysely, SqlBool } from 'kysely';
import type { MetricCondition, ModelSearch } from '../../../contracts/model/model-search.ts';
import type { ModelSummary } from '../../../contracts/model/model-summary.ts';
import type { ModelFinder } from '../../../ports/registry/model-search.ts';
import type { Database } from '../schema.ts';

/**
 * Finds versions without reading their registrations, which are long: every condition is on a
 * column or a short table.
 */
export async function searchModels(
  db: Kysely<Database>,
  asked: Parameters<ModelFinder['search']>[0],
): Promise<ModelSummary[]> {
  const rows = await db
    .selectFrom('models as m')
    .select(['name', 'version', 'digest', 'state', 'metrics', 'created_at'])
    .select(
      sql<string[]>`array(select alias from model_aliases a where a.name = m.name
        and a.version = m.version and a.until is null order by alias)`.as('aliases'),
    )
    .where((e) => e.and(conditions(asked)))
    .orderBy('created_at', 'desc')
    .orderBy('name')
    .orderBy('version', 'desc')
    .limit(asked.limit)
    .execute();
  return rows.map(({ name, version, digest, state, aliases, metrics, created_at: at }) => ({
    name,
    version: String(version),
    digest,
    state,
    aliases,
    metrics,
    createdAt: at.toISOString(),
  }));
}

/** The conditions of a search over `models as m`. */
function conditions(asked: Partial<ModelSearch>): Expression<SqlBool>[] {
  const { name, alias, data, digest, state, since, until, text } = asked;
  return [
    ...given(name, (x) => sql`m.name = ${x}`),
    ...given(
      alias,
      (x) => sql`(m.name, m.version) in
        (select a.name, a.version from model_aliases a where a.alias = ${x} and a.until is null)`,
    ),
    ...given(
      data,
      (x) => sql`(m.data_digest = ${x} or m.data_digest in
        (select f.data_digest from data_files f where f.sha256 = ${x.replace(/^sha256:/, '')}))`,
    ),
    ...given(digest, (x) => (x.length === 71 ? sql`m.digest = ${x}` : sql`m.digest like ${`${x}%`}`)),
    ...given(state, (x) => sql`m.state = ${x}`),
    ...given(since, (x) => sql`m.created_at >= ${x}`),
    ...given(until, (x) => sql`m.created_at <= ${x}`),
    ...(asked.metric ?? []).map(metricCondition),
    ...(asked.tag ?? []).map(
      ({ key, value }) => sql<SqlBool>`(m.name, m.version) in
        (select t.name, t.version from model_tags t where t.key = ${key} and t.value = ${value})`,
    ),
    ...given(text?.toLowerCase().split(/\s+/).filter(Boolean), (words) =>
      words.length === 0 ? sql`true` : sql.join(words.map(wordCondition), sql` and `),
    ),
  ];
}

function given<T>(value: T | undefined, condition: (value: T) => Expression<unknown>): Expression<SqlBool>[] {
  return value === undefined ? [] : [condition(value) as Expression<SqlBool>];
}

function wordCondition(word: string): Expression<SqlBool> {
  return sql`(strpos(m.words, ${word}) > 0 or exists (select 1 from model_tags t where t.name = m.name
    and t.version = m.version and strpos(lower(t.key || '=' || t.value), ${word}) > 0))`;
}

/**
 * F1 has an index; any other number is found by its path. A value that is not a number meets no
 * condition.
 */
function metricCondition({ path, operator, value }: MetricCondition): Expression<SqlBool> {
  if (path.length === 1 && path[0] === 'f1')
    return sql`(m.metrics ->> 'f1')::double precision ${sql.raw(operator === '==' ? '=' : operator)} ${value}`;
  const found = `$.${path.map((key) => JSON.stringify(key)).join('.')}`;
  const matches = `${found} ? (@.type() == "number" && @ ${operator} $value)`;
  return sql`jsonb_path_exists(m.metrics, ${matches}::jsonpath, ${JSON.stringify({ value })}::jsonb)`;
}
