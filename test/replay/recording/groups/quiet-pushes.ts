import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { toApplicationFailure } from '../../../../activities/shared/failure.ts';
import { resolveInput } from '../../../../activities/shared/resolve-input.ts';
import { GIT_PUSH_SIGNAL, TASK_QUEUES, WORKFLOWS } from '../../../../src/contracts/names.ts';
import { loadWorkflowBundle } from '../../../../workers/workflow-bundle.ts';
import { createTimeSkippingEnvironment } from '../../../support/time-skipping.ts';
import type { Bench } from '../bench.ts';
import { HistoryKeeper } from '../keep-history.ts';

/**
 * A push coordinator that ends after ten minutes without a push: on the server in which time skips,
 * with the one activity that a push without a build needs.
 */
export async function recordQuietPushes(_bench: Bench, kept: HistoryKeeper): Promise<void> {
  const env = await openServer();
  try {
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: TASK_QUEUES.control,
      workflowBundle: await loadWorkflowBundle(),
      activities: {
        resolveInput: async (...args: Parameters<typeof resolveInput>) => {
          try {
            return resolveInput(...args);
          } catch (error) {
            throw toApplicationFailure(error);
          }
        },
      },
    });
    await worker.runUntil(async () => {
      const handle = await env.client.workflow.signalWithStart(WORKFLOWS.pushCoordinator, {
        taskQueue: TASK_QUEUES.control,
        workflowId: 'pushes-example/quiet@main',
        args: [{ repository: 'example/quiet', branch: 'main', project: '' }],
        signal: GIT_PUSH_SIGNAL,
        signalArgs: [{ id: 'one', commit: 'a'.repeat(40), build: { project: 'models', data: 7 } }],
      });
      await handle.result();
      await new HistoryKeeper(env.client, kept.kept).keep('push-coordinator.completed', handle);
    });
  } finally {
    await env.teardown();
  }
}

/** The SDK waits five seconds for the server, which a busy machine may need longer to start. */
async function openServer(tries = 5): Promise<TestWorkflowEnvironment> {
  try {
    return await createTimeSkippingEnvironment();
  } catch (error) {
    if (tries === 1) throw error;
    return openServer(tries - 1);
  }
}
