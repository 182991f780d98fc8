import { openArtefactStore } from '../adapters/blob/open-artefact-store.ts';
import { createAccess } from '../adapters/postgres/access/access.ts';
import { openDatabase } from '../adapters/postgres/database.ts';
import { createRegistry } from '../adapters/postgres/registry/registry.ts';
import { createRetention } from '../adapters/postgres/registry/retention.ts';
import type { WindlassConfig } from '../config/schema.ts';
import type { Action } from '../contracts/roles.ts';
import { governRegistry } from '../application/governed-registry.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { Access } from '../ports/access.ts';
import type { ArtefactStore } from '../ports/artefact-store.ts';
import { systemClock } from '../base/clock.ts';
import type { Registry } from '../ports/registry/registry.ts';
import type { Retention } from '../ports/retention.ts';

export interface OpenRegistry {
  /** Changes ask for the role of who makes them. */
  readonly registry: Registry;
  readonly access: Access;
  readonly artefacts: ArtefactStore;
  readonly retention: Retention;
  close(): Promise<void>;
}

/**
 * The registry for commands, without workers and Temporal; the database must have been migrated.
 * Throws NOT_RUNNING without one.
 */
export async function openRegistry(config: WindlassConfig): Promise<OpenRegistry> {
  const { url } = config.database;
  if (url === undefined)
    throw new WindlassError('NOT_RUNNING', 'There is no database to read the registry from.');
  const artefacts = await openArtefactStore(config);
  const db = openDatabase(url);
  const access = createAccess(db, systemClock);
  const registry = governRegistry(createRegistry(db, systemClock, artefacts), access);
  const retention = createRetention(db, { clock: systemClock, artefacts });
  return { registry, access, artefacts, retention, close: () => db.destroy() };
}

/** Asks whether the role of an actor allows what a command is about to start; throws FORBIDDEN. */
export async function requireRole(
  config: WindlassConfig,
  actor: string,
  asked: { action: Action; project?: string | undefined },
): Promise<void> {
  const { access, close } = await openRegistry(config);
  try {
    await access.check(actor, asked);
  } finally {
    await close();
  }
}
