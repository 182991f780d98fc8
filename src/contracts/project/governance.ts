import { z } from 'zod';
import { DEPLOYMENT_POLICIES } from '../rollout/policy.ts';

export const approvalsSchema = z
  .strictObject({
    approvals: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe(
        "Approvals that a version needs before it may be champion or be rolled out, its author's not counted.",
      ),
    approvers: z
      .array(z.string().min(1))
      .default([])
      .describe('Who may approve; empty: everybody but the author.'),
  })
  .refine(
    ({ approvals, approvers }) => approvers.length === 0 || approvers.length >= approvals,
    'fewer approvers are named than approvals are wanted',
  )
  .prefault({})
  .describe('Who has to approve a version.');

export const deploymentSchema = z
  .strictObject({
    policy: z
      .enum(DEPLOYMENT_POLICIES)
      .default('never')
      .describe('Deploy the version, wait for an approval, or do nothing.'),
  })
  .prefault({})
  .describe('What happens to a version that passed.');
