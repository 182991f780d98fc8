import { z } from '@hono/zod-openapi';
import { countSchema, objectOf, timeSchema } from '../../contracts/object-schema.ts';
import { rolloutPolicySchema } from '../../contracts/rollout/policy.ts';
import { ROLLOUT_OUTCOMES } from '../../contracts/rollout/rollout.ts';
import {
  previousVersionSchema,
  ringReportShape,
  rolloutStatusSchema,
} from '../../contracts/rollout/rollout-schema.ts';
import { DEVICE_VERDICTS } from '../../domain/rollout/device-verdict.ts';
import type { RingCounts } from '../../domain/rollout/ring-counts.ts';
import { ROLLOUT_STATES } from '../../contracts/rollout/state.ts';
import type { RolloutStore, StoredRing, StoredRollout } from '../../ports/rollout-store.ts';

const ringCountsSchema = objectOf<RingCounts>({
  devices: countSchema,
  reachable: countSchema,
  running: countSchema,
  attested: countSchema,
  good: countSchema,
  failed: countSchema,
  lost: countSchema,
  pending: countSchema,
});

const storedRingSchema = objectOf<StoredRing>({
  ...ringReportShape,
  position: countSchema,
  percent: z.number(),
  counts: ringCountsSchema,
  approvedBy: z.string().nullable(),
});

const rolloutShape = {
  rolloutId: z.string(),
  model: z.string(),
  version: z.string(),
  modelDigest: z.string(),
  image: z.string(),
  imageDigest: z.string(),
  policy: rolloutPolicySchema,
  condition: z.string(),
  devices: countSchema,
  state: z.enum(ROLLOUT_STATES),
  outcome: z.enum(ROLLOUT_OUTCOMES).nullable(),
  previous: previousVersionSchema.nullable(),
  supersededBy: z.string().nullable(),
  startedAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  workflowId: z.string(),
  runId: z.string(),
  actor: z.string(),
  reason: z.string(),
  conclusion: z.string(),
  rings: z.array(storedRingSchema),
} as const;

export const rolloutAnswer = objectOf<StoredRollout>(rolloutShape).meta({ id: 'Rollout' });

type AssignedDevice = Awaited<ReturnType<RolloutStore['devices']>>[number];

const assignedDeviceSchema = objectOf<AssignedDevice>({
  deviceId: z.string(),
  ring: z.string(),
  stratum: z.string(),
  verdict: z.enum(DEVICE_VERDICTS),
  reachable: z.boolean(),
  running: z.boolean(),
  attested: z.boolean(),
  reason: z.string(),
});

export const rolloutWithDevicesAnswer = objectOf<
  StoredRollout & { readonly assigned: readonly AssignedDevice[] }
>({ ...rolloutShape, assigned: z.array(assignedDeviceSchema) }).meta({ id: 'RolloutWithDevices' });

export const steeredAnswer = z
  .object({
    rolloutId: z.string(),
    action: z.enum(['pause', 'resume', 'approve', 'abort']),
    status: rolloutStatusSchema,
  })
  .meta({ id: 'SteeredRollout' });
