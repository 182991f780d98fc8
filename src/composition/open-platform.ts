import { Client, Connection } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { openArtefactStore } from '../adapters/blob/open-artefact-store.ts';
import { openDatabase } from '../adapters/postgres/database.ts';
import { migrate } from '../adapters/postgres/migrate.ts';
import { createRegistry } from '../adapters/postgres/registry/registry.ts';
import type { Database } from '../adapters/postgres/schema.ts';
import { createStepStore } from '../adapters/postgres/steps/step-store.ts';
import type { WindlassConfig } from '../config/schema.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { ArtefactStore } from '../ports/artefact-store.ts';
import { systemClock } from '../base/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { Registry } from '../ports/registry/registry.ts';
import type { StepStore } from '../ports/step-store.ts';
import { messageOf } from '../base/error-message.ts';

/** What workers, API and commands build on. */
export interface Platform {
  readonly config: WindlassConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly db: Kysely<Database>;
  readonly artefacts: ArtefactStore;
  readonly registry: Registry;
  readonly steps: StepStore;
  readonly temporal: Client;
  close(): Promise<void>;
}

/**
 * Opens database (migrated), artefacts, registry and Temporal client. Throws CONFIG_INVALID,
 * DATABASE_UNAVAILABLE, MIGRATION_MISMATCH or TEMPORAL_UNAVAILABLE, with nothing left open.
 */
export async function openPlatform(config: WindlassConfig, logger: Logger): Promise<Platform> {
  const { url } = config.database;
  if (url === undefined)
    throw new WindlassError('CONFIG_INVALID', 'database.url is not set, so there is no registry to open.', {
      hint: 'Set DATABASE_URL; `windlass up` starts a database and sets it for its workers.',
    });
  const clock = systemClock;
  const artefacts = await openArtefactStore(config);
  const db = openDatabase(url);
  try {
    const applied = await migrate(db);
    if (applied.length > 0) logger.info({ migrations: applied }, 'database migrated');
    const connection = await connect(config);
    return {
      config,
      logger,
      clock,
      db,
      artefacts,
      registry: createRegistry(db, clock, artefacts),
      steps: createStepStore(db, clock),
      temporal: new Client({ connection, namespace: config.temporal.namespace }),
      close: async () => {
        await connection.close();
        await db.destroy();
      },
    };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Where the Temporal server is: the configured one, or the one that `windlass up` starts. */
export function temporalAddress(config: WindlassConfig): string {
  return config.temporal.address ?? `127.0.0.1:${config.temporal.port}`;
}

async function connect(config: WindlassConfig): Promise<Connection> {
  const address = temporalAddress(config);
  try {
    return await Connection.connect({ address, connectTimeout: '10 seconds' });
  } catch (error) {
    const reason = messageOf(error);
    throw new WindlassError('TEMPORAL_UNAVAILABLE', `Temporal at ${address} does not answer: ${reason}`, {
      cause: error,
    });
  }
}
