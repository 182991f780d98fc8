import { sleep } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { SupersedeRollout } from '../../src/contracts/rollout/steering.ts';
import { SUPERSEDE_SIGNAL } from '../../src/contracts/rollout/messages.ts';
import type { HeartbeatDeps, FleetDeps } from './rollout-deps.ts';
import { storedRollout } from './rollout-deps.ts';

const BUDGET_MS = 30_000;
const POLL_MS = 1_000;

/**
 * Signals the rollouts that this one took over from, and waits (at most 30 s) until they have
 * ended, so that never two of them write targets. One whose workflow no longer runs is ended here.
 * Returns the ids that are still at work.
 */
export async function takeOver(deps: HeartbeatDeps, rolloutId: string): Promise<{ waitingFor: string[] }> {
  const end = deps.clock.now().getTime() + BUDGET_MS;
  for (;;) {
    const older = await deps.store.takenOver(rolloutId);
    for (const { rolloutId: olderId, workflowId } of older)
      if (!(await signalSupersede(deps, workflowId, rolloutId))) await endDead(deps, olderId, rolloutId);

    const left = await deps.store.takenOver(rolloutId);
    if (left.length === 0 || deps.clock.now().getTime() >= end)
      return { waitingFor: left.map((one) => one.rolloutId) };
    deps.report({ waitingFor: left.length });
    await sleep(POLL_MS);
  }
}

/** False when the workflow no longer runs. */
async function signalSupersede({ temporal }: FleetDeps, workflowId: string, by: string): Promise<boolean> {
  const handle = temporal.workflow.getHandle(workflowId);
  try {
    await handle.signal<[SupersedeRollout]>(SUPERSEDE_SIGNAL, { by });
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function endDead({ store }: FleetDeps, rolloutId: string, by: string): Promise<void> {
  const { actor } = await storedRollout(store, by);
  const reason = `its workflow had ended without a result when ${by} took over`;
  await store.saveState(rolloutId, 'superseded', {
    actor,
    reason,
    outcome: 'superseded',
    conclusion: reason,
  });
}
