import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { digestOf } from '../../base/digest.ts';
import { TASK_QUEUES } from '../../contracts/names.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { PipelineStarter, StartedRun, WorkflowStart } from '../../ports/pipeline-starter.ts';

/** Starts workflows on the control queue of a Temporal server. */
export function createPipelineStarter(client: Client): PipelineStarter {
  const within = <T>(ms: number | undefined, call: () => Promise<T>): Promise<T> =>
    ms === undefined ? call() : client.withDeadline(Date.now() + ms, call);
  return {
    start: (start) => within(start.withinMs, () => startWorkflow(client, start)),
    signalWithStart: ({ workflow, workflowId, input, signal, message, summary, withinMs }) =>
      within(withinMs, async () => {
        const { signaledRunId } = await client.workflow.signalWithStart(workflow, {
          workflowId,
          taskQueue: TASK_QUEUES.control,
          args: [input],
          signal,
          signalArgs: [message],
          staticSummary: summary,
        });
        return { workflowId, runId: signaledRunId };
      }),
  };
}

async function startWorkflow(
  client: Client,
  { workflow, input, workflowId: given, idempotencyKey: key, summary }: WorkflowStart,
): Promise<StartedRun> {
  const workflowId = given ?? `${workflow}-${key === undefined ? randomUUID() : hashed(key)}`;
  try {
    const { firstExecutionRunId } = await client.workflow.start(workflow, {
      workflowId,
      taskQueue: TASK_QUEUES.control,
      args: [input],
      staticSummary: summary,
      workflowIdReusePolicy: key === undefined ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    });
    return { workflowId, runId: firstExecutionRunId };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    if (key !== undefined)
      return { workflowId, runId: (await client.workflow.getHandle(workflowId).describe()).runId };
    throw new WindlassError('CONFLICT', `The workflow ${workflowId} is running already.`, {
      hint: 'Wait until it ends, or look at it in the Temporal UI.',
      details: { workflow, workflowId },
      cause: error,
    });
  }
}

/** The first 32 hex digits of the key's sha256. */
const hashed = (key: string): string => digestOf(key).slice('sha256:'.length).slice(0, 32);
