/**
 * Updates and the query that steer a rollout, sent to its `fleetRollout` workflow; no zod here:
 * workflows import it.
 */
export const ROLLOUT_MESSAGES = {
  pause: 'pause',
  resume: 'resume',
  approve: 'approveRing',
  abort: 'abort',
  status: 'rolloutStatus',
} as const;

/** Signal that a newer rollout sends to the one it takes over from. */
export const SUPERSEDE_SIGNAL = 'supersede';

/** Signal that a rollout sends to the deployment that started it: one line on where it stands. */
export const ROLLOUT_PROGRESS_SIGNAL = 'rolloutProgress';
