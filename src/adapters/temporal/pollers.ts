import type { ConnectionLike } from '@temporalio/client';
import { TASK_QUEUES, type TaskQueueName } from '../../contracts/names.ts';
import { connectTemporal } from './connect-temporal.ts';

const RECENT_MS = 70_000; // a waiting poll lasts up to a minute
const DEADLINE_MS = 10_000;
const WORKFLOW = 1;
const ACTIVITY = 2;

/**
 * Whether a task queue was polled by some worker within about the last minute: `control` for
 * workflows, others for activities.
 */
export async function isPolled(
  connection: ConnectionLike,
  namespace: string,
  taskQueue: string,
): Promise<boolean> {
  const { pollers } = await connection.withDeadline(Date.now() + DEADLINE_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: taskQueue === TASK_QUEUES.control ? WORKFLOW : ACTIVITY,
    }),
  );
  return (pollers ?? []).some((p) => Number(p.lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - RECENT_MS);
}

/**
 * Whether every one of these task queues was polled by some worker within about the last minute.
 */
export async function hasPollers(
  address: string,
  namespace: string,
  queues: readonly TaskQueueName[],
): Promise<boolean> {
  const connection = await connectTemporal(address);
  try {
    const answers = await Promise.all(queues.map((queue) => isPolled(connection, namespace, queue)));
    return answers.every(Boolean);
  } finally {
    await connection.close();
  }
}
