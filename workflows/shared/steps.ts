import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { GateResult } from '../../src/contracts/gate.ts';
import {
  PROGRESS_QUERY,
  type PipelineProgress,
  type StepOutput,
  type StepProgress,
  type StepReport,
  type StepStatus,
} from '../../src/contracts/progress.ts';
import { renderProgress } from './render-progress.ts';
import { messageOf } from '../../src/base/error-message.ts';

export const progressQuery = defineQuery<PipelineProgress>(PROGRESS_QUERY);

interface StepState {
  status: StepStatus;
  startedAt: number | null;
  seconds: number | null;
  message: string;
  why?: string;
}

/**
 * The steps of one pipeline run: runs them, and keeps the progress query and the UI's current
 * details true.
 */
export interface Steps<Name extends string> {
  /** Runs one step; a failure marks it and goes on as the ApplicationFailure that caused it. */
  run<T>(name: Name, work: () => Promise<StepOutput<T>>): Promise<T>;
  skip(name: Name, why: string): void;
  /** Changes the line that a running step shows. */
  note(name: Name, message: string): void;
  /** Earlier gates of the same names give way. */
  addGates(gates: readonly GateResult[]): void;
  /** Shows a line above the table, e.g. the model and version that came out. */
  headline(text: string): void;
  readonly gates: readonly GateResult[];
  /** Finished steps in order; skipped and waiting ones are left out. */
  reports(): StepReport[];
  /** Wall seconds since the workflow created its steps. */
  seconds(): number;
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/**
 * The cause that a person wants to read: activity and child wrappers taken off, cancellation left
 * as it is.
 */
export function rootFailure(error: unknown): unknown {
  if (isCancellation(error)) return error;
  if (!(error instanceof ActivityFailure) && !(error instanceof ChildWorkflowFailure)) return error;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure)) return cause === undefined ? error : rootFailure(cause);
  return ApplicationFailure.create({
    message: cause.message,
    type: cause.type ?? undefined,
    nonRetryable: true,
    details: cause.details ?? undefined,
    cause: error,
  });
}

/** What a person should read of an error: the message of its root. */
export function failureText(error: unknown): string {
  const failure = rootFailure(error);
  return messageOf(failure);
}

/**
 * Gates that a failure carries in its first detail (`{details: {gates}}`), so that the progress
 * shows them.
 */
function gatesOf(error: unknown): GateResult[] {
  if (!(error instanceof ApplicationFailure)) return [];
  const body = error.details?.[0] as { details?: { gates?: GateResult[] } } | undefined;
  return Array.isArray(body?.details?.gates) ? body.details.gates : [];
}

/**
 * Creates the steps of a pipeline and registers the progress query: call it before the workflow's
 * first await. `names` are shown in this order; a step that is not started stays "waiting".
 */
export function createSteps<const Name extends string>(
  pipeline: string,
  names: readonly Name[],
): Steps<Name> {
  const startedAt = Date.now();
  const states = new Map<Name, StepState>(
    names.map((name) => [name, { status: 'waiting', startedAt: null, seconds: null, message: '' }]),
  );
  const gates: GateResult[] = [];
  let headline = '';
  let stage: string = names[0] ?? '';

  const progress = (): PipelineProgress => ({
    stage,
    steps: [...states].map(([name, { status, seconds, message }]): StepProgress => ({
      name,
      status,
      seconds,
      message,
    })),
    gates,
  });
  const publish = (): void => setCurrentDetails(renderProgress(pipeline, headline, progress()));
  const state = (name: Name): StepState => {
    const found = states.get(name);
    if (found === undefined) throw ApplicationFailure.nonRetryable(`unknown step ${name}`, 'INTERNAL');
    return found;
  };

  setHandler(progressQuery, progress, {
    description: 'Steps with status and seconds, the current stage, and the gates so far. Takes no argument.',
  });
  publish();

  return {
    gates,
    async run(name, work) {
      const step = state(name);
      Object.assign(step, { status: 'running', startedAt: Date.now(), message: '' });
      stage = name;
      publish();
      const finish = (status: StepStatus, message: string): void => {
        step.seconds = round((Date.now() - (step.startedAt ?? Date.now())) / 1000);
        step.status = status;
        step.message = message;
        publish();
      };
      try {
        const output = await work();
        gates.push(...(output.gates ?? []));
        if (output.why !== undefined) step.why = output.why;
        finish(output.cached === true ? 'cached' : 'done', output.message ?? '');
        return output.value;
      } catch (error) {
        const failure = rootFailure(error);
        gates.push(...gatesOf(failure));
        finish('failed', failureText(failure));
        throw failure;
      }
    },
    skip(name, why) {
      Object.assign(state(name), { status: 'skipped', message: why });
      publish();
    },
    note(name, message) {
      state(name).message = message;
      publish();
    },
    addGates(more) {
      const names = new Set(more.map((g) => g.name));
      gates.splice(0, gates.length, ...gates.filter((g) => !names.has(g.name)), ...more);
      publish();
    },
    headline(text) {
      headline = text;
      publish();
    },
    reports() {
      return [...states].flatMap(([name, { status, seconds, why }]) =>
        (status === 'done' || status === 'cached') && seconds !== null
          ? [{ name, seconds, cached: status === 'cached', why }]
          : [],
      );
    },
    seconds: () => round((Date.now() - startedAt) / 1000),
  };
}
