import type { Transaction } from 'kysely';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { ArtefactStore } from '../../../ports/artefact-store.ts';
import { lockArtefacts } from '../lock-name.ts';
import type { Database } from '../schema.ts';

/**
 * Shuts retention out until the transaction ends, so that it may name these artefacts. Take it
 * before any other lock. With the store given, throws CONFLICT for one that retention has removed
 * since it was put there.
 */
export async function holdArtefacts(
  transaction: Transaction<Database>,
  artefacts: Pick<ArtefactStore, 'has'> | undefined,
  digests: Iterable<string>,
): Promise<void> {
  await lockArtefacts(transaction, 'shared');
  if (artefacts === undefined) return;
  const named = [...new Set(digests)];
  const there = await Promise.all(named.map((digest) => artefacts.has(digest)));
  const gone = named.find((_, i) => there[i] !== true);
  if (gone === undefined) return;
  throw new WindlassError('CONFLICT', `The artefact ${gone} is gone, so nothing can name it.`, {
    hint: 'Retention removed it after it was stored: start again what made it.',
  });
}
