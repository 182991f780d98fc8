import type { RingVerdict } from '../../contracts/rollout/rollout.ts';
import type { RolloutState } from '../../contracts/rollout/state.ts';
import { decideRing, type RingDecision } from './ring-decision.ts';
import { currentRing, ringTime, withCurrentRing, type RolloutMemory } from './rollout-memory.ts';
import { cellOf, ROLLOUT_OUTCOME, type RolloutEffect, type RolloutEvent } from './states.ts';
import type { TransitionRecord } from './transition-record.ts';

/** An event of the state table with who caused it and why; `decision` is kept with its evidence. */
export interface RolloutEventRecord {
  readonly event: RolloutEvent;
  readonly reason: string;
  readonly actor?: string;
  readonly decision?: RingDecision;
}

export interface AppliedEvent {
  readonly memory: RolloutMemory;
  /** The transition as it is written down. */
  readonly record: TransitionRecord;
}

/** The memory while the effects of a transition are done, and the rings that they changed. */
type Draft = Pick<TransitionRecord, 'rings'> & { readonly memory: RolloutMemory };
type Cause = RolloutEventRecord & { readonly at: string };

/** Names of audit events of what people do, where the state that follows does not say it. */
const ACTIONS: Partial<Record<RolloutEvent, string>> = {
  approve: 'rollout.approved',
  resume: 'rollout.resumed',
  'abort-revert': 'rollout.aborted',
};
const DECIDED: readonly RingVerdict[] = ['promoted', 'failed', 'reverted', 'skipped'];
/** The ring's clock runs in these states, and stands still in a pause. */
const OBSERVING: readonly RolloutState[] = ['soaking', 'held', 'promoting'];

/**
 * What an event does to a rollout, by the state table: the memory after it, and the transition to
 * write down; `ignored` or `refused` where the table has no transition. `now` in milliseconds since
 * 1970.
 */
export function applyEvent(
  before: RolloutMemory,
  event: RolloutEventRecord,
  now: number,
): AppliedEvent | 'ignored' | 'refused' {
  const cell = cellOf(before.state, event.event);
  if (typeof cell === 'string') return cell;
  const { to, effects } = cell;
  const { reason } = event;
  const cause: Cause = { ...event, at: new Date(now).toISOString() };
  const outcome = ROLLOUT_OUTCOME[to];
  const overriding = overridingApproval(before, event, now);
  const { decision, decisions } = numberedDecision(before, overriding ?? event.decision, now);

  const start = overriding === undefined ? before : withCurrentRing(before, { reason: overriding.reason });
  let draft: Draft = { memory: { ...withRingClock(start, to, now), decisions }, rings: [] };
  for (const effect of effects) draft = EFFECTS[effect](draft, cause);
  if (to === 'opening') draft = { ...draft, memory: openRing(draft.memory, cause.at) };
  draft = { ...draft, memory: { ...draft.memory, state: to, reason: reason || draft.memory.reason } };
  if (outcome !== undefined) draft = end(draft, cause);

  const ring = currentRing(before)?.name;
  return {
    memory: draft.memory,
    record: {
      rolloutId: before.plan.rolloutId,
      state: to,
      actor: event.actor ?? before.input.actor,
      reason,
      rings: draft.rings,
      action: ACTIONS[event.event],
      details: ring === undefined ? undefined : { ring },
      outcome,
      conclusion: outcome === undefined ? undefined : reason,
      decision,
    },
  };
}

/**
 * Approving a held ring overrides the rule: that is a decision too, recorded with the gates at that
 * time.
 */
function overridingApproval(
  memory: RolloutMemory,
  { event, actor, reason }: RolloutEventRecord,
  now: number,
): RingDecision | undefined {
  const ring = currentRing(memory);
  if (event !== 'approve' || memory.state !== 'held' || ring === undefined) return undefined;
  const { gates } = decideRing(ring.counts, memory.input.rollout, ringTime(memory, now));
  return { action: 'promote', reason: `approved by ${actor}: ${reason}; ${ring.reason}`, gates };
}

function numberedDecision(
  memory: RolloutMemory,
  decision: RingDecision | undefined,
  now: number,
): Pick<TransitionRecord, 'decision'> & { readonly decisions: number } {
  const { decisions, ring: position } = memory;
  const counts = currentRing(memory)?.counts;
  if (decision === undefined || counts === undefined) return { decisions };
  const { seconds, last } = ringTime(memory, now);
  return {
    decision: { ...decision, position, counts, seconds, last, seq: decisions },
    decisions: decisions + 1,
  };
}

function withRingClock(memory: RolloutMemory, to: RolloutState, now: number): RolloutMemory {
  const { since, spentMs } = memory;
  if (OBSERVING.includes(to)) return { ...memory, since: since ?? now };
  return since === null ? memory : { ...memory, spentMs: spentMs + now - since, since: null };
}

function openRing(memory: RolloutMemory, at: string): RolloutMemory {
  return withCurrentRing(memory, {
    verdict: 'running',
    openedAt: currentRing(memory)?.openedAt ?? at,
  });
}

/** Gives a ring a verdict, also in what is written down. */
function mark(
  { memory, rings }: Draft,
  position: number,
  { verdict, reason, at }: { verdict: RingVerdict; reason: string; at: string },
): Draft {
  const ring = memory.rings[position];
  if (ring === undefined) return { memory, rings };
  const decidedAt = DECIDED.includes(verdict) ? (ring.decidedAt ?? at) : ring.decidedAt;
  return {
    memory: { ...memory, rings: memory.rings.with(position, { ...ring, verdict, reason, decidedAt }) },
    rings: [...rings, { position, verdict, reason, counts: ring.counts }],
  };
}

const markCurrent =
  (verdict: RingVerdict) =>
  (draft: Draft, { reason, at }: Cause): Draft =>
    mark(draft, draft.memory.ring, { verdict, reason, at });

const EFFECTS: Record<RolloutEffect, (draft: Draft, cause: Cause) => Draft> = {
  'mark-approved': ({ memory, rings }, { actor = '' }) => ({
    memory: { ...memory, approved: { ...memory.approved, [currentRing(memory)?.name ?? '']: actor } },
    rings: [...rings, { position: memory.ring, approvedBy: actor }],
  }),
  'mark-skipped': markCurrent('skipped'),
  'mark-held': (draft, cause) => {
    const held = markCurrent('held')(draft, cause);
    return { ...held, memory: { ...held.memory, looks: 0 } };
  },
  'mark-failed': markCurrent('failed'),
  'mark-reverted': (draft, { at }) =>
    draft.memory.rings.reduce(
      (done, { verdict, reason }, i) =>
        ['promoted', 'running', 'held'].includes(verdict)
          ? mark(done, i, { verdict: 'reverted', reason, at })
          : done,
      draft,
    ),
  'next-ring': (draft, cause) => {
    const skipped = currentRing(draft.memory)?.verdict === 'skipped';
    const { memory, rings } = skipped ? draft : markCurrent('promoted')(draft, cause);
    return { memory: { ...memory, ring: memory.ring + 1, spentMs: 0, since: null, looks: 0 }, rings };
  },
  'halt-work': (draft) => draft, // whoever queued the event has cancelled the work
};

/**
 * Rings that were never opened are skipped; one that was open without a verdict is left as held.
 */
function end(draft: Draft, { reason, at }: Cause): Draft {
  const { state, rings } = draft.memory;
  const ended = { ...draft, memory: { ...draft.memory, finishedAt: at } };
  return rings.reduce((done: Draft, ring, i) => {
    if (ring.openedAt === undefined && ring.verdict !== 'skipped')
      return mark(done, i, { verdict: 'skipped', reason: `the rollout was ${state} before`, at });
    if (ring.verdict !== 'running') return done;
    return mark(done, i, { verdict: 'held', reason: ring.reason || reason, at });
  }, ended);
}
