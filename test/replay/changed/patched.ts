import { patched, sleep } from '@temporalio/workflow';
import { fleetRollout as today } from '../../../workflows/rollout/fleet-rollout.ts';

/** The same wait, for rollouts that start with this code only. */
export async function fleetRollout(...args: Parameters<typeof today>): ReturnType<typeof today> {
  if (patched('wait-before-the-first-step')) await sleep('1 second');
  return today(...args);
}
