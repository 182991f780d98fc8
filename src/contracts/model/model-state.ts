export const MODEL_STATES = [
  'registered',
  'approved',
  'rejected',
  'retired',
  'archived',
  'deleted',
  'unjudged',
] as const;

/**
 * `approved`: has the approvals that its project wants. `rejected`: lost against the champion, or
 * somebody said no. `retired`: out of use, and retention may delete it; `archived`: out of use, and
 * kept for good. `deleted`: its bytes are gone, its record stays. `unjudged`: came through the
 * MLflow door, and no gate of Windlass has seen it.
 */
export type ModelState = (typeof MODEL_STATES)[number];
