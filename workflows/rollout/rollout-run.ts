import {
  ApplicationFailure,
  getExternalWorkflowHandle,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import { ROLLOUT_PROGRESS_SIGNAL } from '../../src/contracts/rollout/messages.ts';
import type { RolloutState } from '../../src/contracts/rollout/state.ts';
import { applyEvent, type RolloutEventRecord } from '../../src/domain/rollout/apply-event.ts';
import { withCurrentRing, type RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';
import type { RolloutRing } from '../../src/domain/rollout/rollout-ring.ts';
import { isFinal, refusal, type RolloutEvent } from '../../src/domain/rollout/states.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { renderRollout } from './rollout-view.ts';

/** States that people look for in the list of workflows, besides the final ones. */
const SEARCHED: readonly RolloutState[] = ['opening', 'held', 'paused', 'reverting'];

/** The memory of a rollout in its workflow: every change is shown, every transition recorded. */
export class RolloutRun {
  #memory: RolloutMemory | undefined;
  readonly #record: FleetActivities['recordTransition'];

  constructor(record: FleetActivities['recordTransition'], carried?: RolloutMemory) {
    this.#record = record;
    if (carried !== undefined) this.#publish(carried);
  }

  /** Throws CONFLICT while the rollout is still being planned. */
  get memory(): RolloutMemory {
    if (this.#memory === undefined)
      throw ApplicationFailure.nonRetryable('The rollout is still being planned.', 'CONFLICT');
    return this.#memory;
  }

  get isPlanned(): boolean {
    return this.#memory !== undefined;
  }

  get state(): RolloutState {
    return this.#memory?.state ?? 'planned';
  }

  begin(memory: RolloutMemory): void {
    this.#publish(memory);
  }

  /** Why an event would be refused now; undefined when it would not. */
  refusalOf(event: RolloutEvent): string | undefined {
    return refusal(this.state, event);
  }

  update(change: Partial<RolloutMemory>): void {
    this.#publish({ ...this.memory, ...change });
  }

  updateRing(change: Partial<RolloutRing>): void {
    this.#publish(withCurrentRing(this.memory, change));
  }

  /** Takes a transition of the state table and writes it down. */
  async take(event: RolloutEventRecord): Promise<void> {
    const applied = applyEvent(this.memory, event, Date.now());
    if (typeof applied === 'string')
      throw ApplicationFailure.nonRetryable(
        `${event.event} cannot happen while the rollout is ${this.state}`,
        'INTERNAL',
      );
    this.#publish(applied.memory);
    await this.#record(applied.record);
    const { state, reason } = this.memory;
    if (state !== 'soaking') signalParent(`${state}: ${reason}`);
    if (SEARCHED.includes(state) || isFinal(state)) setSearchAttributes({ stage: state });
  }

  #publish(memory: RolloutMemory): void {
    this.#memory = memory;
    setCurrentDetails(renderRollout(memory));
  }
}

/**
 * The deployment that waits for this rollout shows its status; if it has ended meanwhile, nothing
 * is left to do.
 */
function signalParent(line: string): void {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  getExternalWorkflowHandle(parent.workflowId, parent.runId)
    .signal<[string]>(ROLLOUT_PROGRESS_SIGNAL, line)
    .catch(() => undefined);
}
