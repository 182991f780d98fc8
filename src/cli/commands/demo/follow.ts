import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { WindlassError } from '../../../errors/windlass-error.ts';
import type { Stage } from './stage.ts';
import type { ActWorkflow } from './summary.ts';

/** Reads until it holds, once a second; throws TIMEOUT with what was seen last. */
export async function until<T>(
  stage: Pick<Stage, 'signal' | 'status'>,
  what: string,
  wait: {
    read: () => Promise<T>;
    holds: (value: T) => boolean;
    show?: (value: T) => string;
    seconds: number;
  },
): Promise<T> {
  const deadline = Date.now() + wait.seconds * 1000;
  for (;;) {
    stage.signal.throwIfAborted();
    const value = await wait.read();
    if (wait.holds(value)) return value;
    const seen = wait.show?.(value) ?? '';
    stage.status(seen === '' ? what : `${what}: ${seen}`);
    if (Date.now() > deadline)
      throw new WindlassError('TIMEOUT', `${what} took longer than ${wait.seconds} s; last seen: ${seen}`);
    await delay(1000, undefined, { signal: stage.signal });
  }
}

/** The workflow as Temporal knows it now. */
export async function actWorkflow(handle: WorkflowHandle): Promise<ActWorkflow> {
  const { type, workflowId, runId, status } = await handle.describe();
  return { type, workflowId, runId, status: status.name };
}
