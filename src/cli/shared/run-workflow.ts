import type { Client, WorkflowHandle } from '@temporalio/client';
import type { WorkflowName } from '../../contracts/names.ts';
import { PROGRESS_QUERY, type PipelineProgress } from '../../contracts/progress.ts';
import { WindlassError } from '../../errors/windlass-error.ts';
import type { System } from '../../local-system/system-types.ts';
import type { PipelineStarter } from '../../ports/pipeline-starter.ts';
import type { Cli } from '../cli.ts';
import { heartbeatText, StepView, type Heartbeat } from './step-view.ts';

export interface RunWorkflowOptions {
  readonly workflow: WorkflowName;
  /** Its one JSON object. */
  readonly input: object;
  /**
   * A stable id makes a second start of the same thing a CONFLICT; without one a new id is made.
   */
  readonly workflowId?: string;
  /** One line for the Temporal UI. */
  readonly summary?: string;
}

export interface WorkflowRun<R> {
  readonly workflowId: string;
  readonly runId: string;
  readonly result: R;
  readonly seconds: number;
}

const POLL_MS = 700;
const CALL_TIMEOUT_MS = 4_000;
const CANCEL_TIMEOUT_MS = 20_000;

export interface OpenClient {
  readonly client: Client;
  readonly starter: PipelineStarter;
  close(): Promise<void>;
}

/** A Temporal client for a system; close it when done. Throws TEMPORAL_UNAVAILABLE. */
export async function openClient(system: System): Promise<OpenClient> {
  const { address, namespace } = system.config.temporal;
  // Loaded here, since commands that only read have no need of Temporal, and it loads slowly.
  const { Client } = await import('@temporalio/client');
  const { connectTemporal } = await import('../../adapters/temporal/connect-temporal.ts');
  const { createPipelineStarter } = await import('../../adapters/temporal/pipeline-starter.ts');
  const connection = await connectTemporal(address ?? `127.0.0.1:${system.config.temporal.port}`);
  const client = new Client({ connection, namespace });
  return { client, starter: createPipelineStarter(client), close: () => connection.close() };
}

/** Runs one workflow on a system, as `runWorkflow` does, over a connection of its own. */
export async function runOnSystem<R>(cli: Cli, system: System, options: RunWorkflowOptions): Promise<R> {
  const { client, close } = await openClient(system);
  try {
    return (await runWorkflow<R>(cli, client, options)).result;
  } finally {
    await close();
  }
}

/**
 * Starts a workflow on the running system, says where it is and leaves it (`--detach`). Throws
 * NOT_RUNNING when the system would end with this command.
 */
export async function detachOnSystem(cli: Cli, system: System, options: RunWorkflowOptions): Promise<void> {
  if (system.owned)
    throw new WindlassError('NOT_RUNNING', '--detach needs a system that stays: nothing is running.', {
      hint: 'Start one with `windlass up` in another terminal.',
    });
  const { starter, close } = await openClient(system);
  try {
    const started = await starter.start(options);
    const ui = system.info.temporalUi;
    const where = ui === undefined ? '' : `; watch it at ${ui}`;
    cli.output.result(started, () => `started ${started.workflowId}${where}`);
  } finally {
    await close();
  }
}

/**
 * Starts a workflow, shows its steps while it runs, and gives its result. A failure is thrown as
 * the WindlassError that caused it. On interruption the workflow is cancelled, and CANCELLED is
 * thrown when it has ended.
 */
export async function runWorkflow<R>(
  cli: Cli,
  client: Client,
  options: RunWorkflowOptions,
): Promise<WorkflowRun<R>> {
  const { workflow } = options;
  const workflowId = options.workflowId ?? `${workflow}-${crypto.randomUUID()}`;
  const since = performance.now();
  try {
    const { createPipelineStarter } = await import('../../adapters/temporal/pipeline-starter.ts');
    const { runId } = await createPipelineStarter(client).start({ ...options, workflowId });
    const result = (await followWorkflow(cli, client.workflow.getHandle(workflowId, runId))) as R;
    return { workflowId, runId, result, seconds: (performance.now() - since) / 1000 };
  } catch (error) {
    const { workflowError } = await import('./workflow-error.ts');
    throw workflowError(error, { workflow, workflowId });
  }
}

/**
 * Shows the steps of a running workflow until it ends, and returns its result; a failed workflow's
 * error is thrown.
 */
export async function followWorkflow(cli: Cli, handle: WorkflowHandle): Promise<unknown> {
  cli.output.note(cli.output.colors.dim(`workflow ${handle.workflowId}`));
  const view = new StepView(cli.output);
  const end = new AbortController();
  const watching = watch(handle, view, end.signal);
  const cancel = (): void => {
    cli.output.status('cancelling the workflow');
    handle.cancel().catch(() => undefined); // when it has ended already there is nothing to cancel
  };
  if (cli.signal.aborted) cancel();
  cli.signal.addEventListener('abort', cancel);
  try {
    return await Promise.race([handle.result(), abandoned(cli.signal, end.signal)]);
  } finally {
    cli.signal.removeEventListener('abort', cancel);
    end.abort();
    await watching;
    const last = await readProgress(handle);
    if (last !== undefined) view.update(last, []);
    cli.output.clearStatus();
  }
}

/**
 * Rejects when a workflow that was asked to cancel has not ended after a while: a person should not
 * have to wait for ever.
 */
function abandoned(interrupt: AbortSignal, end: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const start = (): void => {
      const timer = setTimeout(() => reject(interrupt.reason), CANCEL_TIMEOUT_MS);
      end.addEventListener('abort', () => clearTimeout(timer));
    };
    if (interrupt.aborted) start();
    else interrupt.addEventListener('abort', start, { once: true });
  });
}

async function watch(handle: WorkflowHandle, view: StepView, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    const [progress, beats] = await Promise.all([readProgress(handle), readHeartbeats(handle)]);
    if (end.aborted) return;
    if (progress !== undefined) view.update(progress, beats);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      end.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/**
 * The workflow's own progress; undefined when it cannot say now (no worker, not started, just
 * replaying).
 */
async function readProgress(handle: WorkflowHandle): Promise<PipelineProgress | undefined> {
  try {
    return await handle.client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      handle.query<PipelineProgress>(PROGRESS_QUERY),
    );
  } catch {
    return undefined;
  }
}

/**
 * How deep children are looked into: a deployment's rollout, a monitor's retrain and its
 * deployment.
 */
const CHILD_DEPTH = 2;

/**
 * What the running activities of a workflow and of its children last said of themselves, and why
 * the last attempt failed when it is being repeated.
 */
async function readHeartbeats(handle: WorkflowHandle, depth = CHILD_DEPTH): Promise<Heartbeat[]> {
  try {
    const { client } = handle;
    const { raw } = await client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
      handle.describe(),
    );
    const { defaultPayloadConverter } = await import('@temporalio/common');
    const own = (raw.pendingActivities ?? []).map((pending): Heartbeat => {
      const payload = pending.heartbeatDetails?.payloads?.[0];
      const details: unknown = payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
      const { message, applicationFailureInfo } = pending.lastFailure ?? {};
      const code = applicationFailureInfo?.type ?? '';
      return {
        activity: pending.activityType?.name ?? '',
        attempt: pending.attempt ?? 1,
        text: heartbeatText(details),
        failure: !message ? undefined : code === '' ? message : `${code}: ${message}`,
      };
    });
    const children = depth === 0 ? [] : (raw.pendingChildren ?? []);
    const theirs = await Promise.all(
      children.map(({ workflowId, runId }) =>
        readHeartbeats(client.getHandle(workflowId ?? '', runId ?? undefined), depth - 1),
      ),
    );
    return [...own, ...theirs.flat()];
  } catch {
    return [];
  }
}
