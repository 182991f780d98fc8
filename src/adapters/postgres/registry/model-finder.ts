import type { Kysely } from 'kysely';
import type { Clock } from '../../../ports/clock.ts';
import type { ModelFinder } from '../../../ports/registry/model-search.ts';
import type { Database } from '../schema.ts';
import { searchModels } from './model-search.ts';
import { readTags, setTags } from './model-tags.ts';

/** Finds versions by what is known of them and by their tags. */
export function createModelFinder(db: Kysely<Database>, clock: Clock): ModelFinder {
  return {
    search: (asked) => searchModels(db, asked),
    setTags: (target, by) => db.transaction().execute((trx) => setTags(trx, clock, { ...target, by })),
    tags: (name, version) => readTags(db, name, version),
  };
}
