/**
 * What a rollout is doing; `STATE_MEANING` of the domain says what each means. No zod here:
 * workflows import it.
 */
export const ROLLOUT_STATES = [
  'planned',
  'awaiting-approval',
  'opening',
  'soaking',
  'held',
  'promoting',
  'paused',
  'stopping',
  'reverting',
  'completed',
  'reverted',
  'stopped',
  'aborted',
  'superseded',
] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];
