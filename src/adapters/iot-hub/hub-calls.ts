import pLimit from 'p-limit';
import { WindlassError } from '../../errors/windlass-error.ts';

const CONCURRENCY = 8;

/** The result of a call, or null when the hub says that it does not exist. */
export async function absentAsNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof WindlassError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/**
 * Works on a few at a time; after the first failure no further one is started. Results are in the
 * order of the ids.
 */
export async function forEach<T>(ids: readonly string[], work: (id: string) => Promise<T>): Promise<T[]> {
  const limit = pLimit(CONCURRENCY);
  let failed = false;
  return Promise.all(
    ids.map((id) =>
      limit(async () => {
        if (failed) throw new WindlassError('CANCELLED', `Not started: an earlier call failed (${id}).`);
        try {
          return await work(id);
        } catch (error) {
          failed = true;
          throw error;
        }
      }),
    ),
  );
}
