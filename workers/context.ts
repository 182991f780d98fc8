import type { WorkerOptions } from '@temporalio/worker';
import type { Platform } from '../src/composition/open-platform.ts';

/** What every task queue's composition root is given; each builds its own adapters on top. */
export type WorkerContext = Omit<Platform, 'close'>;

/** One task queue: its activities and, where they differ from the defaults, worker options. */
export interface QueueSetup {
  readonly activities: object;
  /** Where it is not the queue's own name. */
  readonly taskQueue?: string;
  readonly options?: Partial<WorkerOptions>;
  readonly close?: () => Promise<void>;
}
