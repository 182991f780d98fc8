import { z } from 'zod';
import { DEPLOYMENT_POLICIES } from '../rollout/policy.ts';

/** Who has to approve a version (`registry` of windlass.yaml). */
export const approvalsSchema = z
  .strictObject({
    /** Approvals that a version needs before it may be champion or be rolled out; its author's own never counts. */
    approvals: z.number().int().min(0).max(10).default(0),
    /** Who may approve; empty: everybody but the author. */
    approvers: z.array(z.string().min(1)).default([]),
  })
  .refine(
    ({ approvals, approvers }) => approvers.length === 0 || approvers.length >= approvals,
    'fewer approvers are named than approvals are wanted',
  )
  .prefault({});

/** What happens to a version that passed (`deployment` of windlass.yaml). */
export const deploymentSchema = z
  .strictObject({
    /** What happens to a version that passed: deploy it, wait for an approval, or nothing. */
    policy: z.enum(DEPLOYMENT_POLICIES).default('never'),
  })
  .prefault({});
