import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { temporal } from '@temporalio/proto';

/** Folder of the recorded histories. */
export const HISTORIES = join(import.meta.dirname, 'histories');

type Event = temporal.api.history.v1.IHistoryEvent;

/** A history as it was recorded: one run of one workflow. */
export interface RecordedHistory {
  readonly name: string;
  readonly workflowId: string;
  readonly workflow: string;
  /** Names of the queries that were answered when it was recorded. */
  readonly queries: readonly string[];
  readonly signals: readonly string[];
  readonly updates: readonly string[];
  /** How the run ended: `COMPLETED`, `FAILED`, `CONTINUED_AS_NEW`, …; undefined for an open one. */
  readonly end: string | undefined;
  /** Whether an earlier run continued as this one. */
  readonly follows: boolean;
  readonly events: readonly Event[];
}

interface File {
  readonly workflowId: string;
  readonly queries: readonly string[];
  readonly events: readonly Event[];
}

const some = (names: readonly (string | null | undefined)[]): string[] => [
  ...new Set(names.filter((name) => typeof name === 'string')),
];

/** All histories of the folder, in order of their names. */
export function readHistories(): RecordedHistory[] {
  return readdirSync(HISTORIES)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => readHistory(file.slice(0, -'.json'.length)));
}

function readHistory(name: string): RecordedHistory {
  const { workflowId, queries, events } = JSON.parse(
    readFileSync(join(HISTORIES, `${name}.json`), 'utf8'),
  ) as File;
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const ends = events.map(({ eventType }) =>
    /^EVENT_TYPE_WORKFLOW_EXECUTION_(COMPLETED|FAILED|CANCELED|TERMINATED|TIMED_OUT|CONTINUED_AS_NEW)$/.exec(
      String(eventType),
    ),
  );
  return {
    name,
    workflowId,
    queries,
    events,
    workflow: started?.workflowType?.name ?? '',
    follows: (started?.continuedExecutionRunId ?? '') !== '',
    signals: some(events.map((e) => e.workflowExecutionSignaledEventAttributes?.signalName)),
    updates: some(
      events.map((e) => e.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name),
    ),
    end: ends.findLast((end) => end !== null)?.[1],
  };
}
