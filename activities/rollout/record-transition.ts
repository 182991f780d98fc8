import type { TransitionRecord } from '../../src/domain/rollout/transition-record.ts';
import type { FleetDeps } from './rollout-deps.ts';

/**
 * Writes a transition of the rollout into the store, with its audit events: the decision first,
 * then the rings, then the state. A second time it changes nothing.
 */
export async function recordTransition(
  { store }: Pick<FleetDeps, 'store'>,
  { rolloutId, state, decision, rings, ...change }: TransitionRecord,
): Promise<void> {
  const { actor, reason } = change;
  if (decision !== undefined) await store.recordDecision(rolloutId, decision, { actor, reason });
  for (const { position, ...ring } of rings) await store.saveRing(rolloutId, position, ring);
  await store.saveState(rolloutId, state, change);
}
