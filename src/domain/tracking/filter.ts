import type { Comparator, SearchClause, SearchEntity } from '../../contracts/mlflow/tracking.ts';
import { filterTokens } from './filter-tokens.ts';
import type { FilterToken } from './filter-tokens.ts';
import { SearchProblem } from './search-problem.ts';
import { comparatorsOf, DATASET_KEYS } from './searchable.ts';
import type { Searchable } from './searchable.ts';

const ENTITIES: Readonly<Record<string, SearchEntity>> = {
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  dataset: 'dataset',
  datasets: 'dataset',
};

/**
 * The clauses of an MLflow filter such as `metrics.f1 > 0.9 AND params.lr = '0.1' AND tags.team
 * ILIKE 'a%'`; all must hold (there is no OR). Throws SearchProblem with the position of what it
 * does not understand.
 */
export function parseFilter(text: string, searchable: Searchable): SearchClause[] {
  const tokens = new Tokens(filterTokens(text));
  const clauses: SearchClause[] = [];
  if (tokens.ended) return clauses;
  for (;;) {
    clauses.push(readClause(tokens, searchable));
    if (tokens.ended) return clauses;
    if (tokens.next.kind === 'word' && tokens.next.value.toUpperCase() === 'OR')
      throw new SearchProblem('OR is not supported: clauses are joined by AND', tokens.next.position);
    tokens.keyword('AND', 'expected AND between clauses');
  }
}

/**
 * The entity and key of an identifier such as `metrics.f1`, `params."learning rate"` or
 * `start_time`.
 */
export function readIdentifier(tokens: Tokens): { entity: SearchEntity; key: string; position: number } {
  const { position } = tokens.next;
  const first = tokens.key();
  if (!tokens.sign('.')) return { entity: 'attribute', key: first.value, position };
  const entity = Object.hasOwn(ENTITIES, first.value) ? ENTITIES[first.value] : undefined;
  if (entity === undefined)
    throw new SearchProblem(
      `"${first.value}" is not an entity: expected metrics, params, tags, attributes or datasets`,
      position,
    );
  let key = tokens.key().value;
  while (tokens.sign('.')) key += `.${tokens.key().value}`;
  return { entity, key, position };
}

/** What an identifier means in a search of this kind, with other names resolved. */
export function resolveKey(
  searchable: Searchable,
  { entity, key, position }: { entity: SearchEntity; key: string; position?: number },
): { entity: SearchEntity; key: string } {
  if (!searchable.entities.includes(entity))
    throw new SearchProblem(
      `This search has no ${entity}s: expected ${searchable.entities.map((e) => `${e}s`).join(', ')}`,
      position,
    );
  if (entity === 'dataset' && !DATASET_KEYS.some((known) => known === key))
    throw new SearchProblem(`Datasets have no "${key}": expected ${DATASET_KEYS.join(', ')}`, position);
  if (entity !== 'attribute') return { entity, key };
  return { entity, key: Object.hasOwn(searchable.aliases, key) ? (searchable.aliases[key] ?? key) : key };
}

function readClause(tokens: Tokens, searchable: Searchable): SearchClause {
  const identifier = readIdentifier(tokens);
  const { entity, key } = resolveKey(searchable, identifier);
  if (entity === 'attribute' && !Object.hasOwn(searchable.attributes, key))
    throw new SearchProblem(
      `There is no attribute "${key}": expected ${Object.keys(searchable.attributes).join(', ')}`,
      identifier.position,
    );
  const { position } = tokens.next;
  const comparator = readComparator(tokens);
  const allowed = comparatorsOf(searchable, { entity, key });
  if (!allowed.includes(comparator))
    throw new SearchProblem(
      `${comparator} cannot compare ${entity} "${key}": expected one of ${allowed.join(' ')}`,
      position,
    );
  const numeric = entity === 'metric' || (entity === 'attribute' && searchable.attributes[key] === 'number');
  return { entity, key, comparator, value: readValue(tokens, comparator, numeric) };
}

function readComparator(tokens: Tokens): Comparator {
  const token = tokens.take();
  const { kind, value, position } = token;
  if (kind === 'sign') {
    if (value === '<>') return '!=';
    if (value === '=' || value === '!=' || value === '<' || value === '<=' || value === '>' || value === '>=')
      return value;
  }
  if (kind === 'word') {
    const word = value.toUpperCase();
    if (word === 'LIKE' || word === 'ILIKE' || word === 'IN') return word;
    if (word === 'NOT') {
      tokens.keyword('IN', 'expected IN after NOT');
      return 'NOT IN';
    }
    if (word === 'IS') {
      const not = tokens.optionalKeyword('NOT');
      tokens.keyword('NULL', 'expected NULL after IS');
      return not ? 'IS NOT NULL' : 'IS NULL';
    }
  }
  throw new SearchProblem(`Expected a comparator, found ${shown(token)}`, position);
}

function readValue(tokens: Tokens, comparator: Comparator, numeric: boolean): SearchClause['value'] {
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') return null;
  if (comparator === 'IN' || comparator === 'NOT IN') return readList(tokens);
  const token = tokens.take();
  if (numeric) {
    if (token.kind !== 'number')
      throw new SearchProblem(`Expected a number, found ${shown(token)}`, token.position);
    return Number(token.value);
  }
  return textValue(token);
}

function readList(tokens: Tokens): string[] {
  tokens.expectSign('(');
  const values: string[] = [];
  for (;;) {
    values.push(textValue(tokens.take()));
    if (tokens.sign(')')) return values;
    tokens.expectSign(',');
    if (tokens.sign(')')) return values; // MLflow's own clients write ('a',)
  }
}

function textValue(token: FilterToken): string {
  if (token.kind === 'text' || token.kind === 'quoted') return token.value;
  throw new SearchProblem(`Expected a value in quotes, found ${shown(token)}`, token.position);
}

function shown({ kind, value }: FilterToken): string {
  return kind === 'end' ? 'the end' : `"${value}"`;
}

/** Reads tokens one after the other. */
export class Tokens {
  readonly #tokens: readonly FilterToken[];
  #at = 0;

  constructor(tokens: readonly FilterToken[]) {
    this.#tokens = tokens;
  }

  get next(): FilterToken {
    return this.#tokens[this.#at] ?? { kind: 'end', value: '', position: 0 };
  }

  get ended(): boolean {
    return this.next.kind === 'end';
  }

  take(): FilterToken {
    const token = this.next;
    if (!this.ended) this.#at += 1;
    return token;
  }

  sign(value: string): boolean {
    if (this.next.kind !== 'sign' || this.next.value !== value) return false;
    this.#at += 1;
    return true;
  }

  expectSign(value: string): void {
    if (!this.sign(value))
      throw new SearchProblem(`Expected "${value}", found ${shown(this.next)}`, this.next.position);
  }

  optionalKeyword(word: string): boolean {
    if (this.next.kind !== 'word' || this.next.value.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  keyword(word: string, problem: string): void {
    if (!this.optionalKeyword(word))
      throw new SearchProblem(`${problem}, found ${shown(this.next)}`, this.next.position);
  }

  key(): FilterToken {
    const token = this.take();
    if (token.kind === 'word' || token.kind === 'quoted' || /^\d+$/.test(token.value)) return token;
    throw new SearchProblem(
      `Expected a key, found ${shown(token)}; write a key with other characters in backticks`,
      token.position,
    );
  }
}
