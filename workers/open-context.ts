import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { createFileArtefactStore } from '../src/adapters/blob/file-artefact-store.ts';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { migrate } from '../src/adapters/postgres/migrate.ts';
import { createRegistry } from '../src/adapters/postgres/registry.ts';
import { createStepStore } from '../src/adapters/postgres/step-store.ts';
import type { WindlassConfig } from '../src/config/schema.ts';
import { WindlassError } from '../src/errors/windlass-error.ts';
import { systemClock } from '../src/ports/clock.ts';
import type { WorkerContext } from './context.ts';

/**
 * Opens what every queue and the HTTP API build on: database (migrated), artefacts, registry, Temporal client. Throws
 * CONFIG_INVALID, DATABASE_UNAVAILABLE, MIGRATION_MISMATCH or TEMPORAL_UNAVAILABLE, with nothing left open.
 */
export async function openWorkerContext(
  config: WindlassConfig,
  logger: Logger,
): Promise<WorkerContext & { close(): Promise<void> }> {
  const { url } = config.database;
  if (url === undefined)
    throw new WindlassError('CONFIG_INVALID', 'database.url is not set, so there is no registry to open.', {
      hint: 'Set DATABASE_URL; `windlass up` starts a database and sets it for its workers.',
    });
  const clock = systemClock;
  const db = openDatabase(url);
  try {
    const applied = await migrate(db);
    if (applied.length > 0) logger.info({ migrations: applied }, 'database migrated');
    const connection = await connect(config);
    return {
      ...{ config, logger, clock, db },
      artefacts: createFileArtefactStore(config.artefacts.dir),
      registry: createRegistry(db, clock),
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new WindlassError('TEMPORAL_UNAVAILABLE', `Temporal at ${address} does not answer: ${reason}`, {
      cause: error,
    });
  }
}
