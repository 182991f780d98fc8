import { sleep } from '@temporalio/workflow';
import { fleetRollout as today } from '../../../workflows/rollout/fleet-rollout.ts';

/** A rollout with a wait before its first step: rollouts that run cannot go on with this code. */
export async function fleetRollout(...args: Parameters<typeof today>): ReturnType<typeof today> {
  await sleep('1 second');
  return today(...args);
}
