import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type Connection, type WorkflowHandle } from '@temporalio/client';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { isAlive } from '../../src/adapters/process/process-info.ts';
import type { ServiceName, System } from '../../src/local-system/system-types.ts';
import { startSystem } from '../../src/local-system/system.ts';
import { connectTemporal } from '../../src/adapters/temporal/connect-temporal.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { SHARED_ENVIRONMENTS } from './environments.ts';

export const ANY_PORTS = {
  'temporal.port': 0,
  'temporal.uiPort': 0,
  'database.port': 0,
  'hub.httpsPort': 0,
  'hub.mqttPort': 0,
  'api.port': 0,
} as const;

/** The system as `windlass up` runs it, every part a process of its own, in a folder of its own. */
export interface LiveSystem {
  readonly system: System;
  readonly stateDir: string;
  readonly client: Client;
  readonly db: ReturnType<typeof openDatabase>;
  /**
   * Kills the worker process (`kill -9`) and waits until it is gone; the supervisor starts another.
   */
  killWorker(): Promise<void>;
  stop(): Promise<void>;
}

interface Recorded {
  readonly pid: number;
  readonly startTime: string;
}

export async function startLiveSystem(
  stateDir: string,
  needs: readonly ServiceName[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<LiveSystem> {
  const shared = { 'training.environmentsDir': SHARED_ENVIRONMENTS };
  const flags = { stateDir, 'log.level': 'warn', ...shared, ...ANY_PORTS, ...settings };
  const config = loadConfig({ cwd: stateDir, env: {}, flags }).values;
  const system = await startSystem(config, { needs, command: 'test' });
  const { address = '', namespace } = system.config.temporal;
  const connection: Connection = await connectTemporal(address);
  const db = openDatabase(system.config.database.url ?? '');
  return {
    system,
    stateDir,
    db,
    client: new Client({ connection, namespace }),
    killWorker: async () => {
      const worker = JSON.parse(readFileSync(join(stateDir, 'run', 'worker.json'), 'utf8')) as Recorded;
      process.kill(worker.pid, 'SIGKILL');
      if ((await waitFor(() => !isAlive(worker), { timeoutMs: 10_000 })) !== true)
        throw new Error(`the worker ${worker.pid} survived SIGKILL`);
    },
    stop: async () => {
      await db.destroy();
      await connection.close();
      await system.stop();
    },
  };
}

/** `PENDING_ACTIVITY_STATE_STARTED` of Temporal's API. */
const PENDING_ACTIVITY_STATE_STARTED = 2;

/**
 * Waits until an activity of the workflow is under way in a worker, in this attempt or a later one.
 */
export async function untilActivityRuns(
  handle: WorkflowHandle,
  activity: string,
  attempt = 1,
): Promise<void> {
  const found = await waitFor(
    async () => {
      const { raw, status } = await handle.describe();
      if (status.name !== 'RUNNING')
        throw new Error(`${handle.workflowId} is ${status.name} before ${activity} ran`);
      return raw.pendingActivities?.some(
        (a) =>
          a.activityType?.name === activity &&
          Number(a.state) === PENDING_ACTIVITY_STATE_STARTED &&
          (a.attempt ?? 1) >= attempt,
      );
    },
    { timeoutMs: 120_000, everyMs: 100 },
  );
  if (found !== true) throw new Error(`${activity} of ${handle.workflowId} did not start`);
}

/**
 * What a history says of one activity: how often it was asked for, how often it ended well, and its
 * highest attempt.
 */
export interface ActivityTally {
  readonly scheduled: number;
  readonly completed: number;
  readonly attempts: number;
}

/** Activities of a workflow by name, from its history; local activities are left out. */
export async function tallyActivities(handle: WorkflowHandle): Promise<Record<string, ActivityTally>> {
  const names = new Map<string, string>();
  const tally: Record<string, { scheduled: number; completed: number; attempts: number }> = {};
  const of = (id: unknown) => {
    const name = names.get(String(id)) ?? '';
    return (tally[name] ??= { scheduled: 0, completed: 0, attempts: 0 });
  };
  for (const event of (await handle.fetchHistory()).events ?? []) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const started = event.activityTaskStartedEventAttributes;
    const completed = event.activityTaskCompletedEventAttributes;
    if (scheduled) {
      names.set(String(event.eventId), scheduled.activityType?.name ?? '');
      of(event.eventId).scheduled += 1;
    }
    if (started) {
      const entry = of(started.scheduledEventId);
      entry.attempts = Math.max(entry.attempts, started.attempt ?? 1);
    }
    if (completed) of(completed.scheduledEventId).completed += 1;
  }
  return tally;
}
