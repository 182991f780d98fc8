import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  executeChild,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  DataEvent,
  ResolvedDataEvent,
  RetrainCoordinatorInput,
} from '../../src/contracts/monitoring/monitor.ts';
import { NEW_DATA_SIGNAL } from '../../src/contracts/names.ts';
import { resolveInput } from '../shared/resolve-input.ts';
import { failureText } from '../shared/steps.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { monitorAndRetrain } from './monitor-and-retrain.ts';

export const newDataSignal = defineSignal<[DataEvent]>(NEW_DATA_SIGNAL);
export const coordinatorQuery = defineQuery<CoordinatorState>('coordinator');

export interface CoordinatorState {
  readonly pending: readonly ResolvedDataEvent[];
  readonly last: string;
  readonly retrains: number;
}

const refused = (why: string): ApplicationFailure => ApplicationFailure.nonRetryable(why, 'INPUT_INVALID');
const DEBOUNCE_SECONDS = 10;
const REMEMBERED_EVENTS = 200;
/** Events that keep coming do not put a retrain off for longer than this many quiet times. */
const LONGEST_WAIT = 10;

/**
 * One per model, started by its first event (signal-with-start). Waits until no event came for
 * `debounceSeconds`, makes one retrain of all that are pending, and takes up what arrived meanwhile
 * afterwards. An event id counts once.
 */
export async function retrainCoordinator(input: RetrainCoordinatorInput): Promise<void> {
  const arrived: unknown[] = [];
  let pending: ResolvedDataEvent[] = [...(input.pending ?? [])];
  const seen = [...(input.seen ?? [])];
  let last = 'waiting for new data';
  let retrains = 0;
  let ignored = 0;

  setHandler(newDataSignal, (event) => void arrived.push(event), {
    description: `New data for ${input.model}. Example: {"model": "${input.model}", "data": "data/pumps", "id": "export-2026-11-22"}`,
  });
  setHandler(coordinatorQuery, () => ({ pending, last, retrains }), {
    description: 'Events that wait for the next retrain, and what happened last. Takes no argument.',
  });
  setSearchAttributes({ model: input.model, stage: 'coordinate' });
  show();

  for (;;) {
    await condition(() => arrived.length > 0 || pending.length > 0 || workflowInfo().continueAsNewSuggested);
    await takeArrived();
    if (pending.length > 0) {
      await quiet();
      await retrain();
    }
    if (workflowInfo().continueAsNewSuggested) break;
  }
  await condition(allHandlersFinished);
  await takeArrived();
  await continueAsNew<typeof retrainCoordinator>({ ...input, pending, seen });

  function show(): void {
    const events = pending.map((e) => `- ${e.data}${e.reason === '' ? '' : `: ${e.reason}`}`);
    setCurrentDetails(
      [
        `### ${input.model}: ${last}`,
        '',
        `${retrains} retrains, ${ignored} events ignored`,
        '',
        ...events,
      ].join('\n'),
    );
  }

  /**
   * Parses what the signal handler kept; a bad or repeated event is logged and left out, it never
   * stops the others.
   */
  async function takeArrived(): Promise<void> {
    while (arrived.length > 0) {
      const raw = arrived.shift();
      try {
        const event = await resolveInput('newData', raw);
        if (event.model !== input.model)
          throw refused(`this coordinator is for ${input.model}, the event for ${event.model}`);
        if (event.id !== undefined && seen.includes(event.id))
          throw refused(`event ${event.id} was taken before`);
        if (event.id !== undefined) seen.push(event.id);
        seen.splice(0, Math.max(0, seen.length - REMEMBERED_EVENTS));
        pending.push(event);
      } catch (error) {
        ignored += 1;
        last = `ignored an event: ${failureText(error)}`;
        log.warn(last, { event: raw });
      }
      show();
    }
  }

  async function quiet(): Promise<void> {
    const wait = `${input.debounceSeconds ?? DEBOUNCE_SECONDS} seconds` as const;
    last = `${pending.length} events; waiting for ${wait} of quiet`;
    show();
    const until = Date.now() + LONGEST_WAIT * (input.debounceSeconds ?? DEBOUNCE_SECONDS) * 1000;
    while (await condition(() => arrived.length > 0, wait)) {
      await takeArrived();
      if (Date.now() >= until || workflowInfo().continueAsNewSuggested) return;
    }
  }

  /**
   * One retrain for all pending events, on the data that the newest names; its failure is kept for
   * people to read.
   */
  async function retrain(): Promise<void> {
    const events = pending;
    const newest = events.at(-1);
    if (newest === undefined) return;
    pending = [];
    retrains += 1;
    last = `retraining on ${newest.data} for ${events.length} events`;
    show();
    try {
      const result = await executeChild(monitorAndRetrain, {
        workflowId: `new-data-${input.model}-${workflowInfo().runId.slice(0, 8)}-${retrains}`,
        args: [
          {
            model: input.model,
            data: newest.data,
            force: true,
            actor: newest.actor,
            reason: newest.reason === '' ? `${events.length} new-data events` : newest.reason,
          },
        ],
        staticSummary: `retrain ${input.model} on ${newest.data}`,
      });
      const made = result.retrain;
      last =
        made === null
          ? 'the last run retrained nothing'
          : `made ${made.model}@${made.version}: ${made.verdict}`;
    } catch (error) {
      last = `the last retrain failed: ${failureText(error)}`;
      log.error(last);
      // What failed was not taken: the same events may be sent again.
      for (const { id } of events) if (id !== undefined) seen.splice(seen.indexOf(id), 1);
    }
    show();
  }
}
