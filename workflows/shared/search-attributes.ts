import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names.ts';

export type SearchAttributeName = keyof typeof SEARCH_ATTRIBUTES;

/**
 * Sets search attributes of the running workflow (all of type Keyword), so that runs can be found
 * by model, commit, …
 */
export function setSearchAttributes(values: Partial<Record<SearchAttributeName, string>>): void {
  const pairs = Object.entries(values).map(([name, value]) => ({
    key: defineSearchAttributeKey(SEARCH_ATTRIBUTES[name as SearchAttributeName], 'KEYWORD'),
    value,
  }));
  if (pairs.length > 0) upsertSearchAttributes(pairs);
}
