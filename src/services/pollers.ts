import type { TaskQueueName } from '../contracts/names.ts';
import { connectTemporal } from './temporal-server.ts';

const RECENT_MS = 70_000; // a waiting poll lasts up to a minute

/** Whether every one of these task queues was polled by some worker within about the last minute. */
export async function hasPollers(
  address: string,
  namespace: string,
  queues: readonly TaskQueueName[],
): Promise<boolean> {
  const connection = await connectTemporal(address);
  try {
    return await connection.withDeadline(Date.now() + 10_000, async () => {
      const WORKFLOW = 1;
      const ACTIVITY = 2;
      const recent = async (name: string, taskQueueType: 1 | 2): Promise<boolean> => {
        const { pollers } = await connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name },
          taskQueueType,
        });
        return (pollers ?? []).some(
          (p) => Number(p.lastAccessTime?.seconds ?? 0) * 1000 > Date.now() - RECENT_MS,
        );
      };
      const answers = await Promise.all(queues.map((q) => recent(q, q === 'control' ? WORKFLOW : ACTIVITY)));
      return answers.every(Boolean);
    });
  } finally {
    await connection.close();
  }
}
