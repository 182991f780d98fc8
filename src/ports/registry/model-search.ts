import type { Actor } from '../../contracts/audit.ts';
import type { ModelSearch } from '../../contracts/model/model-search.ts';
import type { ModelSummary } from '../../contracts/model/model-summary.ts';

/** Finding versions, and the tags that help to find them. */
export interface ModelFinder {
  /**
   * The lines of a list, newest first: all conditions hold. Cheap for tens of thousands of
   * versions.
   */
  search(search: Partial<ModelSearch> & Pick<ModelSearch, 'limit'>): Promise<ModelSummary[]>;
  /** Sets tags; null removes one. Tags decide nothing: they are for finding. */
  setTags(
    target: { name: string; version: string; tags: Readonly<Record<string, string | null>> },
    by: Actor,
  ): Promise<void>;
  tags(name: string, version: string): Promise<Record<string, string>>;
}
