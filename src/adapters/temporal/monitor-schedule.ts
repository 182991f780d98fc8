import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { MonitorInput } from '../../contracts/monitoring/monitor.ts';
import { TASK_QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';

export interface MonitorTiming {
  /** Cron expression in UTC, e.g. "0 * * * *". */
  readonly cron?: string;
  /** Interval in seconds; used when there is no cron expression. */
  readonly everySeconds?: number;
  /** Spread of the starts, in seconds, so that many models do not start at once. */
  readonly jitterSeconds: number;
}

const CATCH_UP_WINDOW = '10 minutes';

function options(input: MonitorInput & { model: string }, timing: MonitorTiming): ScheduleOptions {
  return {
    scheduleId: workflowIds.monitorSchedule(input.model),
    spec: {
      ...(timing.cron === undefined
        ? { intervals: [{ every: (timing.everySeconds ?? 3600) * 1000 }] }
        : { cronExpressions: [timing.cron] }),
      jitter: timing.jitterSeconds * 1000,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_WINDOW },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOWS.monitorAndRetrain,
      workflowId: `${workflowIds.monitorSchedule(input.model)}-run`,
      taskQueue: TASK_QUEUES.control,
      args: [input],
      staticSummary: `monitor ${input.model}`,
    },
    memo: { model: input.model },
  };
}

/**
 * Creates the model's monitoring schedule or changes it to these settings; returns its id. A run
 * that would overlap with the one before is skipped; runs missed for longer than ten minutes are
 * not made up for.
 */
export async function setMonitorSchedule(
  client: Client,
  input: MonitorInput & { model: string },
  timing: MonitorTiming,
): Promise<string> {
  const wanted = options(input, timing);
  try {
    await client.schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(wanted.scheduleId)
      .update((previous) => ({ ...previous, ...wanted, state: previous.state }));
  }
  return wanted.scheduleId;
}

/** Removes the model's monitoring schedule; runs that have started go on. */
export async function deleteMonitorSchedule(client: Client, model: string): Promise<void> {
  await client.schedule.getHandle(workflowIds.monitorSchedule(model)).delete();
}
