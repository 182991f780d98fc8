import { openDatabase } from '../../../adapters/postgres/database.ts';
import { migrate } from '../../../adapters/postgres/migrate.ts';
import { createRegistry } from '../../../adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../../adapters/postgres/rollout/rollout-store.ts';
import { WindlassError } from '../../../errors/windlass-error.ts';
import { systemClock } from '../../../base/clock.ts';
import type { ModelImages } from '../../../ports/registry/images.ts';
import type { ModelFinder } from '../../../ports/registry/model-search.ts';
import type { ModelVersions } from '../../../ports/registry/model-versions.ts';
import type { RolloutStore, StoredRollout } from '../../../ports/rollout-store.ts';
import type { System } from '../../../local-system/system-types.ts';

export interface OpenStore {
  readonly store: RolloutStore;
  readonly registry: ModelVersions & ModelFinder & ModelImages;
  close(): Promise<void>;
}

/** The rollouts and the model versions of a system, read directly; close it when done. */
export async function openStore({ config }: System): Promise<OpenStore> {
  const { url } = config.database;
  if (url === undefined) throw new WindlassError('CONFIG_INVALID', 'database.url is not set.');
  const db = openDatabase(url);
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    store: createRolloutStore(db, systemClock),
    registry: createRegistry(db, systemClock),
    close: () => db.destroy(),
  };
}

/**
 * The rollout with this id, or the newest of the model with this name, or the newest of all; throws
 * NOT_FOUND.
 */
export async function findRollout(store: RolloutStore, asked?: string): Promise<StoredRollout> {
  const exact = asked === undefined ? undefined : await store.rollout(asked);
  const [newest] = exact === undefined ? await store.rollouts({ model: asked, limit: 1 }) : [exact];
  if (newest !== undefined) return newest;
  const known = await store.rollouts({ limit: 5 });
  throw new WindlassError(
    'NOT_FOUND',
    asked === undefined
      ? 'There has been no rollout yet.'
      : `There is no rollout or rolled-out model "${asked}".`,
    {
      hint:
        known.length === 0
          ? 'Start one with `windlass deploy MODEL@VERSION`.'
          : `The newest are ${known.map((rollout) => rollout.rolloutId).join(', ')}.`,
    },
  );
}
