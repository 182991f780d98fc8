import { z } from 'zod';
import { ROLLOUT_STATES } from './state.ts';
import { countSchema, objectOf, timeSchema } from '../object-schema.ts';
import { RING_VERDICTS, type RingReport, ROLLOUT_OUTCOMES, type RolloutStatus } from './rollout.ts';

/** Fields of `RingReport`, which a stored ring carries beside others. */
export const ringReportShape = {
  name: z.string(),
  devices: countSchema,
  reachable: countSchema,
  running: countSchema,
  attested: countSchema,
  pending: countSchema,
  failed: countSchema,
  verdict: z.enum(RING_VERDICTS),
  reason: z.string(),
  openedAt: timeSchema.optional(),
  decidedAt: timeSchema.optional(),
} as const;

export const previousVersionSchema = z.object({ version: z.string(), configurationId: z.string() });

export const rolloutStatusSchema = objectOf<RolloutStatus>({
  rolloutId: z.string(),
  model: z.string(),
  version: z.string(),
  state: z.enum(ROLLOUT_STATES),
  outcome: z.enum(ROLLOUT_OUTCOMES).nullable(),
  previous: previousVersionSchema.nullable(),
  rings: z.array(objectOf<RingReport>(ringReportShape)),
  pendingDevices: countSchema,
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  reason: z.string(),
}).meta({ id: 'RolloutStatus' });
