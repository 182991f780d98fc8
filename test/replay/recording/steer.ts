import { setTimeout } from 'node:timers/promises';
import type { WorkflowExecutionStatusName } from '@temporalio/client';
import { waitFor } from '../../../src/base/wait-for.ts';
import { ROLLOUT_MESSAGES } from '../../../src/contracts/rollout/messages.ts';
import type { RolloutStatus } from '../../../src/contracts/rollout/rollout.ts';
import { LONG_HISTORY, type Handle } from './bench.ts';

/** Waits until the last run of a workflow ended; throws when not in the way that is said. */
export async function ends(handle: Handle, status: WorkflowExecutionStatusName): Promise<void> {
  await handle.result().catch(() => undefined);
  const { name } = (await handle.describe()).status;
  if (name !== status) throw new Error(`${handle.workflowId} ended as ${name}, not as ${status}`);
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  if ((await waitFor(holds, { timeoutMs: 60_000, everyMs: 100 })) !== true)
    throw new Error(`not within a minute: ${what}`);
}

/** Waits until a query's answer is as wanted. */
export async function answers<T>(
  handle: Handle,
  query: string,
  isWanted: (answer: T) => boolean,
): Promise<void> {
  const asked = () => handle.query<T>(query).then(isWanted, () => false);
  await until(asked, `the wanted answer of ${handle.workflowId} to ${query}`);
}

/** Waits until a rollout is in a state. */
export async function reaches(handle: Handle, state: RolloutStatus['state']): Promise<void> {
  await answers<RolloutStatus>(handle, ROLLOUT_MESSAGES.status, (status) => status.state === state);
}

/** Waits until a workflow has continued as new. */
export async function continues(handle: Handle): Promise<void> {
  const continued = async () => (await handle.describe()).runId !== handle.firstExecutionRunId;
  await until(continued, `a new run of ${handle.workflowId}`);
}

/** Sends an update to a rollout and waits for its answer. */
export async function steer(handle: Handle, update: string, argument: object): Promise<void> {
  await handle.executeUpdate(update, { args: [{ actor: 'ada', reason: 'a recording', ...argument }] });
}

/** Sends messages to a workflow until its history is so long that it continues as new. */
export async function lengthen(handle: Handle, send: () => Promise<void>): Promise<void> {
  for (;;) {
    await send();
    await setTimeout(50); // for the worker to take it
    const { runId, historyLength } = await handle.describe();
    if (runId !== handle.firstExecutionRunId || historyLength > LONG_HISTORY) return;
  }
}
