import type { Duration } from '@temporalio/common';
import { appendNewest } from '../../src/base/append-newest.ts';
import { messageOf } from '../../src/base/error-message.ts';

const REMEMBERED_IDS = 100;
/** Events that keep coming do not put a batch off for longer than this many quiet times. */
const LONGEST_WAIT = 10;

export interface InboxOptions<E> {
  /** Rejects what is no event. */
  readonly parse: (raw: unknown) => Promise<E>;
  /** An id counts once. */
  readonly idOf: (event: E) => string;
  /** Whether an event that was not seen before goes into the batch. */
  readonly accept: (event: E) => boolean;
  /** Hears of every event that is bad or came twice; it never stops the others. */
  readonly onIgnored: (why: string, raw: unknown) => void;
  readonly quietSeconds: number;
  /** Temporal's `condition`: false when the time is over. */
  readonly condition: (holds: () => boolean, timeout: Duration) => Promise<boolean>;
}

/** What an inbox hands on when its workflow continues as new. */
export interface InboxMemory<E> {
  readonly waiting: readonly E[];
  readonly seen: readonly string[];
}

/** Collects the events of a signal into batches, each of which is given after a quiet time. */
export class DebouncedInbox<E> {
  readonly #options: InboxOptions<E>;
  readonly #arrived: unknown[] = [];
  readonly #waiting: E[];
  readonly #seen: string[];

  constructor(options: InboxOptions<E>, memory: InboxMemory<E> = { waiting: [], seen: [] }) {
    this.#options = options;
    this.#waiting = [...memory.waiting];
    this.#seen = [...memory.seen];
  }

  /** Accepted events that no batch has given yet, in the order in which they came. */
  get waiting(): readonly E[] {
    return this.#waiting;
  }

  /** Ids of the events of late. */
  get seen(): readonly string[] {
    return this.#seen;
  }

  /** Keeps what a signal brought until it is parsed; made for a signal handler. */
  receive(raw: unknown): void {
    this.#arrived.push(raw);
  }

  /** The next batch, once no event came for the quiet time; empty when none came for `idle`. */
  async nextBatch(idle: Duration): Promise<E[]> {
    const { condition, quietSeconds } = this.#options;
    const hasArrived = (): boolean => this.#arrived.length > 0;
    while (this.#waiting.length === 0) {
      if (!(await condition(hasArrived, idle))) return [];
      await this.takeArrived();
    }
    const latest = Date.now() + LONGEST_WAIT * quietSeconds * 1000;
    while (Date.now() < latest && (await condition(hasArrived, `${quietSeconds} seconds`)))
      await this.takeArrived();
    return this.#waiting.splice(0);
  }

  /** Parses what has arrived, and keeps what is new and accepted. */
  async takeArrived(): Promise<void> {
    const { parse, idOf, accept, onIgnored } = this.#options;
    while (this.#arrived.length > 0) {
      const raw = this.#arrived.shift();
      try {
        const event = await parse(raw);
        const id = idOf(event);
        if (this.#seen.includes(id)) {
          onIgnored(`${id} was taken before`, raw);
          continue;
        }
        appendNewest(this.#seen, id, REMEMBERED_IDS);
        if (accept(event)) this.#waiting.push(event);
      } catch (error) {
        onIgnored(messageOf(error), raw);
      }
    }
  }
}
