import { condition } from '@temporalio/workflow';
import type { RolloutState } from '../../src/contracts/rollout/state.ts';
import type { RolloutEventRecord } from '../../src/domain/rollout/apply-event.ts';
import { cellOf } from '../../src/domain/rollout/states.ts';

type Answer = 'taken' | 'ignored' | 'refused';

/** An event from outside that waits for its turn. */
interface QueuedEvent extends RolloutEventRecord {
  answer?: Answer;
}

/** The events that people and other rollouts sent, in their order. */
export class Inbox {
  readonly #queue: QueuedEvent[] = [];
  readonly #state: () => RolloutState;

  constructor(state: () => RolloutState) {
    this.#state = state;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Puts an event in line and waits until it was its turn. */
  async ask(event: RolloutEventRecord): Promise<Answer> {
    const queued: QueuedEvent = { ...event };
    this.#queue.push(queued);
    await condition(() => queued.answer !== undefined);
    return queued.answer ?? 'ignored';
  }

  /**
   * Puts an event in line; one that changes nothing now is dropped, so that it does not interrupt
   * the work.
   */
  post(event: RolloutEventRecord): void {
    if (typeof cellOf(this.#state(), event.event) === 'object') this.#queue.push({ ...event });
  }

  /** The next event that changes something now; others are answered and left out. */
  next(): RolloutEventRecord | undefined {
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined) return undefined;
      const cell = cellOf(this.#state(), first.event);
      if (typeof cell === 'object') return first;
      this.#answer(cell);
    }
  }

  /** Answers the sender of an event that was taken; for one that nobody sent it does nothing. */
  taken(event: RolloutEventRecord): void {
    if (this.#queue[0] === event) this.#answer('taken');
  }

  #answer(answer: Answer): void {
    const first = this.#queue.shift();
    if (first !== undefined) first.answer = answer;
  }
}
