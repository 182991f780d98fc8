import { openDatabase } from '../adapters/postgres/database.ts';
import { createRegistry } from '../adapters/postgres/registry.ts';
import type { WindlassConfig } from '../config/schema.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { systemClock } from '../ports/clock.ts';
import type { Registry } from '../ports/registry.ts';

/** The registry alone, for commands that read; the database must have been migrated. Throws NOT_RUNNING without a database. */
export async function openRegistry(
  config: WindlassConfig,
): Promise<{ registry: Registry; close(): Promise<void> }> {
  const { url } = config.database;
  if (url === undefined)
    throw new WindlassError('NOT_RUNNING', 'There is no database to read the registry from.');
  const db = openDatabase(url);
  return { registry: createRegistry(db, systemClock), close: () => db.destroy() };
}
