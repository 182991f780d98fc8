import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { FleetActivities } from '../../activities/rollout/rollout-activities.ts';
import type { RolloutNote } from '../../activities/rollout/note-rollout.ts';
import type { RingReport } from '../../src/contracts/rollout/rollout.ts';
import { ROLLOUT_PROGRESS_SIGNAL } from '../../src/contracts/rollout/messages.ts';
import { decideRing, isLastRing, type RingDecision } from '../../src/domain/rollout/ring-decision.ts';
import {
  cellOf,
  refusal,
  ROLLOUT_OUTCOME,
  type RolloutEffect,
  type RolloutEvent,
  type Transition,
} from '../../src/domain/rollout/states.ts';
import { setSearchAttributes } from '../shared/search-attributes.ts';
import { renderRollout, ringSeconds, statusOf, type RolloutMemory } from './rollout-memory.ts';

/** An event of the state table with who caused it and why; `decision` is kept with its evidence. */
export interface Happening {
  readonly event: RolloutEvent;
  readonly reason: string;
  readonly actor?: string;
  readonly decision?: RingDecision;
}

/** A message from outside that waits for its turn. */
interface Letter extends Happening {
  answer?: 'taken' | 'ignored' | 'refused';
}

type MutableNote = { -readonly [K in keyof RolloutNote]: RolloutNote[K] } & {
  rings: NonNullable<RolloutNote['rings']>[number][];
};

/** Names of audit events of what people do, where the state that follows does not say it. */
const ACTIONS: Partial<Record<RolloutEvent, string>> = {
  approve: 'rollout.approved',
  resume: 'rollout.resumed',
  'abort-revert': 'rollout.aborted',
};

/**
 * The deployment that waits for this rollout shows its status; if it has ended meanwhile, nothing
 * is left to do.
 */
function tellParent(line: string): void {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  getExternalWorkflowHandle(parent.workflowId, parent.runId)
    .signal<[string]>(ROLLOUT_PROGRESS_SIGNAL, line)
    .catch(() => undefined);
}

/**
 * A rollout in its workflow: its memory, the messages that wait, and the one way to change its
 * state.
 */
export class RolloutRun {
  #memory: RolloutMemory | undefined;
  readonly #letters: Letter[] = [];
  readonly #note: FleetActivities['noteRollout'];

  constructor(noteRollout: FleetActivities['noteRollout'], memory?: RolloutMemory) {
    this.#note = noteRollout;
    this.#memory = memory;
  }

  /** Throws while the rollout is still being planned. */
  get memory(): RolloutMemory {
    if (this.#memory === undefined)
      throw ApplicationFailure.nonRetryable('The rollout is still being planned.', 'CONFLICT');
    return this.#memory;
  }

  get isPlanned(): boolean {
    return this.#memory !== undefined;
  }

  begin(memory: RolloutMemory): void {
    this.#memory = memory;
    const { model, version } = memory.plan;
    setSearchAttributes({ model, version, pipeline: 'fleetRollout', stage: memory.state });
    this.publish();
  }

  get current(): RingReport | undefined {
    return this.memory.rings[this.memory.ring];
  }

  get seconds(): number {
    return ringSeconds(this.memory, Date.now());
  }

  /** True when no later ring has a device and an earlier one was promoted. */
  get isLastRing(): boolean {
    return isLastRing(this.memory.rings, this.memory.ring);
  }

  /** Why a message would be refused now; for validators, which must not wait. */
  refusalOf(event: RolloutEvent): string | undefined {
    return refusal(this.#memory?.state ?? 'planned', event);
  }

  get hasLetter(): boolean {
    return this.#letters.length > 0;
  }

  /** The next message that changes something now; others are answered and left out. */
  nextLetter(): Happening | undefined {
    for (;;) {
      const letter = this.#letters[0];
      if (letter === undefined) return undefined;
      const cell = cellOf(this.memory.state, letter.event);
      if (typeof cell === 'object') return letter;
      letter.answer = cell;
      this.#letters.shift();
    }
  }

  /**
   * Puts a message in line and waits until it was its turn; throws CONFLICT when it was refused
   * then.
   */
  async ask(happening: Happening): Promise<ReturnType<typeof statusOf>> {
    const letter: Letter = { ...happening };
    this.#letters.push(letter);
    await condition(() => letter.answer !== undefined);
    if (letter.answer === 'refused')
      throw ApplicationFailure.nonRetryable(
        this.refusalOf(happening.event) ?? 'It came too late.',
        'CONFLICT',
      );
    return statusOf(this.memory);
  }

  /**
   * Puts a message in line; one that changes nothing now is dropped, so that it does not interrupt
   * the work.
   */
  post(happening: Happening): void {
    const cell = cellOf(this.#memory?.state ?? 'planned', happening.event);
    if (typeof cell === 'object') this.#letters.push({ ...happening });
  }

  /** Changes a ring's report, for people who watch. */
  report(change: Partial<RingReport>): void {
    const { memory, current } = this;
    if (current !== undefined) memory.rings[memory.ring] = { ...current, ...change };
    this.publish();
  }

  publish(): void {
    setCurrentDetails(renderRollout(this.memory));
  }

  /** Takes a transition of the table, does its effects and writes it down. */
  async take(happening: Happening): Promise<void> {
    const { memory } = this;
    const cell = cellOf(memory.state, happening.event);
    if (typeof cell === 'string')
      throw ApplicationFailure.nonRetryable(
        `${happening.event} cannot happen while the rollout is ${memory.state}`,
        'INTERNAL',
      );
    const note = this.#noteOf(this.#overruled(happening), cell);
    this.#keepTime(cell);
    for (const effect of cell.effects) this.#do(effect, happening, note);
    if (cell.to === 'opening')
      this.report({ verdict: 'running', openedAt: this.current?.openedAt ?? this.#now() });
    memory.state = cell.to;
    if (happening.reason !== '') memory.reason = happening.reason;
    if (note.outcome !== undefined) this.#end(note);
    this.publish();
    await this.#note(note);
    if (cell.to !== 'soaking') tellParent(`${cell.to}: ${memory.reason}`);
    if (['opening', 'held', 'paused', 'reverting'].includes(cell.to) || note.outcome !== undefined)
      setSearchAttributes({ stage: cell.to });
    const [letter] = this.#letters;
    if (letter === undefined || letter !== happening) return;
    this.#letters.shift();
    letter.answer = 'taken';
  }

  /**
   * Approving a held ring overrides the rule: that is a decision too, recorded with the gates at
   * that time.
   */
  #overruled(happening: Happening): Happening {
    const { memory, seconds, isLastRing, current } = this;
    const counts = memory.counts[memory.ring];
    if (happening.event !== 'approve' || memory.state !== 'held' || counts === undefined) return happening;
    const { gates } = decideRing(counts, memory.input.rollout, { seconds, last: isLastRing });
    const reason = `approved by ${happening.actor}: ${happening.reason}; ${current?.reason ?? ''}`;
    this.report({ reason });
    return { ...happening, decision: { action: 'promote', reason, gates } };
  }

  #now(): string {
    return new Date(Date.now()).toISOString();
  }

  #noteOf(happening: Happening, { to }: Transition): MutableNote {
    const { memory } = this;
    const { event, actor, reason, decision } = happening;
    const counts = memory.counts[memory.ring];
    const outcome = ROLLOUT_OUTCOME[to];
    const position = memory.ring;
    return {
      rolloutId: memory.plan.rolloutId,
      state: to,
      actor: actor ?? memory.input.actor,
      reason,
      rings: [],
      action: ACTIONS[event],
      ...(this.current === undefined ? {} : { details: { ring: this.current.name } }),
      ...(outcome === undefined ? {} : { outcome, conclusion: reason }),
      ...(decision === undefined || counts === undefined
        ? {}
        : {
            decision: {
              ...decision,
              position,
              counts,
              seconds: this.seconds,
              last: this.isLastRing,
              seq: memory.decisions++,
            },
          }),
    };
  }

  /** The ring's clock runs while it soaks or is held, and stands still in a pause. */
  #keepTime({ to }: Transition): void {
    const { memory } = this;
    const runs = to === 'soaking' || to === 'held' || to === 'promoting';
    if (runs) memory.since ??= Date.now();
    else if (memory.since !== null) {
      memory.spentMs += Date.now() - memory.since;
      memory.since = null;
    }
  }

  #mark(note: MutableNote, position: number, change: Pick<RingReport, 'verdict' | 'reason'>): void {
    const { memory } = this;
    const ring = memory.rings[position];
    if (ring === undefined) return;
    const decided = ['promoted', 'failed', 'reverted', 'skipped'].includes(change.verdict);
    memory.rings[position] = {
      ...ring,
      ...change,
      ...(decided ? { decidedAt: ring.decidedAt ?? this.#now() } : {}),
    };
    note.rings.push({ position, ...change, counts: memory.counts[position] });
  }

  #do(effect: RolloutEffect, { actor = '', reason }: Happening, note: MutableNote): void {
    const { memory } = this;
    const { ring } = memory;
    switch (effect) {
      case 'mark-approved':
        memory.approved[this.current?.name ?? ''] = actor;
        note.rings.push({ position: ring, approvedBy: actor });
        break;
      case 'mark-skipped':
        this.#mark(note, ring, { verdict: 'skipped', reason });
        break;
      case 'mark-held':
        memory.looks = 0;
        this.#mark(note, ring, { verdict: 'held', reason });
        break;
      case 'mark-failed':
        this.#mark(note, ring, { verdict: 'failed', reason });
        break;
      case 'mark-reverted':
        memory.rings.forEach(({ verdict, reason: why }, i) => {
          if (['promoted', 'running', 'held'].includes(verdict))
            this.#mark(note, i, { verdict: 'reverted', reason: why });
        });
        break;
      case 'next-ring':
        if (this.current?.verdict !== 'skipped') this.#mark(note, ring, { verdict: 'promoted', reason });
        Object.assign(memory, { ring: ring + 1, spentMs: 0, since: null, looks: 0 });
        break;
      case 'halt-work':
        break; // the handler of the message has cancelled the work
    }
  }

  /**
   * Rings that were never opened are skipped; one that was open without a verdict is left as held.
   */
  #end(note: MutableNote): void {
    const { memory } = this;
    memory.finishedAt = this.#now();
    memory.rings.forEach(({ verdict, reason, openedAt }, i) => {
      if (openedAt === undefined && verdict !== 'skipped')
        this.#mark(note, i, { verdict: 'skipped', reason: `the rollout was ${memory.state} before` });
      else if (verdict === 'running') this.#mark(note, i, { verdict: 'held', reason: reason || note.reason });
    });
  }
}
