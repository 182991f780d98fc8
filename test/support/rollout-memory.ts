import { fleetRolloutInputSchema, type RingVerdict } from '../../src/contracts/rollout/rollout.ts';
import type { RolloutState } from '../../src/contracts/rollout/state.ts';
import type { RolloutEventRecord } from '../../src/domain/rollout/apply-event.ts';
import { noCounts } from '../../src/domain/rollout/ring-counts.ts';
import { newMemory, type RolloutMemory } from '../../src/domain/rollout/rollout-memory.ts';
import type { RolloutEvent } from '../../src/domain/rollout/states.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');
export const AT = '2026-03-01T12:00:00.000Z';
export const OPENED = '2026-03-01T11:59:00.000Z';
export const DECIDED = '2026-03-01T11:50:00.000Z';

/** Verdict of the second of three rings while the rollout is in a state. */
const CURRENT: Record<RolloutState, RingVerdict> = {
  planned: 'pending',
  'awaiting-approval': 'pending',
  opening: 'running',
  soaking: 'running',
  held: 'held',
  promoting: 'running',
  paused: 'running',
  stopping: 'failed',
  reverting: 'failed',
  completed: 'promoted',
  reverted: 'reverted',
  stopped: 'failed',
  aborted: 'held',
  superseded: 'held',
};

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

/** A rollout whose first ring is promoted and whose second is where the state says; frozen. */
export function memoryIn(state: RolloutState, change: Partial<RolloutMemory> = {}): RolloutMemory {
  const input = fleetRolloutInputSchema.parse({ model: 'pump-health@2', actor: 'ada' });
  const rings = [2, 4, 6].map((devices, i) => ({ name: ['canary', 'half', 'fleet'][i] ?? '', devices }));
  const memory = newMemory(input, {
    rolloutId: 'rollout-1',
    model: 'pump-health',
    version: '2',
    modelDigest: 'sha256:aa',
    imageDigest: 'sha256:bb',
    devices: 12,
    rings,
    previous: { version: '1', configurationId: 'pump-health-1' },
    startedAt: '2026-03-01T11:00:00.000Z',
    warnings: [],
  });
  const [canary, half, fleet] = memory.rings;
  const opened = CURRENT[state] === 'pending' ? undefined : OPENED;
  return deepFreeze({
    ...memory,
    state,
    ring: 1,
    rings: [
      { ...canary!, verdict: 'promoted', reason: '2 of 2 good', openedAt: DECIDED, decidedAt: DECIDED },
      { ...half!, counts: COUNTS, verdict: CURRENT[state], reason: 'as seen', openedAt: opened },
      fleet!,
    ],
    decisions: 1,
    looks: 3,
    reason: 'before',
    spentMs: 5_000,
    since: ['soaking', 'held', 'promoting'].includes(state) ? NOW - 60_000 : null,
    ...change,
  });
}
export const COUNTS = {
  ...noCounts(4),
  reachable: 3,
  running: 3,
  attested: 2,
  good: 2,
  failed: 1,
  pending: 1,
};
export const DECISION = { action: 'promote', reason: 'enough', gates: [] } as const;

/** An event; those with which work decides have their decision, those of people who sent them. */
export const eventOf = (event: RolloutEvent): RolloutEventRecord => ({
  event,
  reason: `${event} it is`,
  actor: ['approve', 'pause', 'resume', 'abort-keep', 'abort-revert'].includes(event) ? 'bob' : undefined,
  decision: ['healthy', 'undecided', 'failing'].includes(event) ? DECISION : undefined,
});
