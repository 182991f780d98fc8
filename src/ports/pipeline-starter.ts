import type { WorkflowName } from '../contracts/names.ts';

export interface WorkflowStart {
  readonly workflow: WorkflowName;
  /** Its one JSON object. */
  readonly input: object;
  /** A stable id; a new one is made when neither it nor a key is given. */
  readonly workflowId?: string | undefined;
  /** The same key again finds the first run, open or ended, instead of starting another. */
  readonly idempotencyKey?: string | undefined;
  /** One line for the Temporal UI. */
  readonly summary?: string | undefined;
  /** Longest wait for the server; without it the client's own limit holds. */
  readonly withinMs?: number;
}

/** A message for a workflow that gathers messages, and how to start it when it does not run. */
export interface WorkflowSignal extends Omit<WorkflowStart, 'idempotencyKey'> {
  readonly workflowId: string;
  readonly signal: string;
  readonly message: object;
}

export interface StartedRun {
  readonly workflowId: string;
  readonly runId: string;
}

/** Starts workflows by name. */
export interface PipelineStarter {
  /** Throws CONFLICT when a run with this `workflowId` is open. */
  start(start: WorkflowStart): Promise<StartedRun>;
  signalWithStart(signal: WorkflowSignal): Promise<StartedRun>;
}
