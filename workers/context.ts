import type { Client } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../src/adapters/postgres/schema.ts';
import type { WindlassConfig } from '../src/config/schema.ts';
import type { ArtefactStore } from '../src/ports/artefact-store.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Registry } from '../src/ports/registry.ts';
import type { StepStore } from '../src/ports/step-store.ts';

/** What every task queue's composition root is given; each builds its own adapters on top. */
export interface WorkerContext {
  readonly config: WindlassConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly db: Kysely<Database>;
  readonly artefacts: ArtefactStore;
  readonly registry: Registry;
  readonly steps: StepStore;
  readonly temporal: Client;
}

/** One task queue: its activities and, where they differ from the defaults, worker options. */
export interface QueueSetup {
  readonly activities: object;
  readonly options?: Partial<WorkerOptions>;
  readonly close?: () => Promise<void>;
}
