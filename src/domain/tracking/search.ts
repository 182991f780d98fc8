import type { Search, SearchOrder } from '../../contracts/mlflow/tracking.ts';
import { filterTokens } from './filter-tokens.ts';
import { parseFilter, readIdentifier, resolveKey, Tokens } from './filter.ts';
import { SearchProblem } from './search-problem.ts';
import type { Searchable } from './searchable.ts';

/** What a client sends with a search. */
export interface SearchRequest {
  readonly filter?: string | undefined;
  readonly order_by?: readonly string[] | undefined;
  readonly page_token?: string | undefined;
  readonly max_results: number;
}

/** The parsed search; throws SearchProblem where a part cannot be read. */
export function parseSearch(request: SearchRequest, searchable: Searchable): Search {
  return {
    clauses: parseFilter(request.filter ?? '', searchable),
    order: (request.order_by ?? []).map((text) => parseOrder(text, searchable)),
    offset: readPageToken(request.page_token),
    limit: request.max_results,
  };
}

/** One entry of `order_by`, such as `metrics.f1 DESC`; ascending unless it says otherwise. */
export function parseOrder(text: string, searchable: Searchable): SearchOrder {
  const tokens = new Tokens(filterTokens(text));
  const identifier = readIdentifier(tokens);
  const { entity, key } = resolveKey(searchable, identifier);
  const known =
    entity === 'attribute' ? searchable.order.includes(key) : searchable.orderEntities.includes(entity);
  if (!known)
    throw new SearchProblem(
      `Results cannot be ordered by ${entity} "${key}": expected ${[...searchable.order, ...searchable.orderEntities.map((e) => `${e}s.<key>`)].join(', ')}`,
      identifier.position,
    );
  const descending = tokens.optionalKeyword('DESC');
  if (!descending) tokens.optionalKeyword('ASC');
  if (!tokens.ended)
    throw new SearchProblem(
      `Expected ASC, DESC or the end, found "${tokens.next.value}"`,
      tokens.next.position,
    );
  return { entity, key, descending };
}

/** The token of the page that starts at an offset. */
export function pageToken(offset: number): string {
  return btoa(JSON.stringify({ offset }));
}

/** The offset of a page token; nothing is the first page. */
export function readPageToken(token: string | undefined): number {
  if (token === undefined || token === '') return 0;
  try {
    const { offset } = JSON.parse(atob(token)) as { offset?: unknown };
    if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset > 0) return offset;
  } catch {
    // the same answer for every kind of damage
  }
  throw new SearchProblem('The page token is not one that a search gave');
}
