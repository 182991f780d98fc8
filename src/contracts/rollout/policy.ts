import { z } from 'zod';

export const DEPLOYMENT_POLICIES = ['auto', 'approval', 'never'] as const;

export type DeploymentPolicy = (typeof DEPLOYMENT_POLICIES)[number];

export const ringSchema = z.strictObject({
  name: z.string().min(1),
  /**
   * Cumulative share of the fleet that has been offered the version when this ring is open, in
   * percent.
   */
  percent: z.number().positive().max(100),
});

export const rolloutPolicySchema = z
  .strictObject({
    rings: z
      .array(ringSchema)
      .min(1)
      .refine(
        (rings) => rings.every((r, i) => i === 0 || r.percent > (rings[i - 1]?.percent ?? 0)),
        'percent must grow from ring to ring',
      )
      .refine(
        (rings) => new Set(rings.map((r) => r.name)).size === rings.length,
        'each ring needs a name of its own',
      )
      .refine((rings) => rings.at(-1)?.percent === 100, 'the last ring must be 100 percent')
      .default([
        { name: 'canary', percent: 10 },
        { name: 'quarter', percent: 25 },
        { name: 'fleet', percent: 100 },
      ]),
    /** Share of a ring's reachable devices that must be good, 0..1. */
    successThreshold: z.number().gt(0).max(1).default(0.95),
    /** Share of a ring's reachable devices that may fail before the ring is stopped, 0..1. */
    failureThreshold: z.number().min(0).max(1).default(0.1),
    /**
     * Fewest reachable devices that a verdict may rest on; a smaller ring needs all of its
     * reachable devices.
     */
    minDevices: z.number().int().positive().default(2),
    /**
     * Share of the ring that must have been reachable since the offer, 0..1: the coverage floor.
     */
    minCoverage: z.number().min(0).max(1).default(0.5),
    soakSeconds: z.number().int().nonnegative().default(10),
    /** No decision by then: the ring is held, and after `holdSeconds` more it fails. */
    ringTimeoutSeconds: z.number().int().positive().default(600),
    holdSeconds: z.number().int().nonnegative().default(86_400),
    pollSeconds: z.number().int().positive().default(2),
    /** Restarts of the module since the offer that make a device count as failed. */
    maxRestarts: z.number().int().nonnegative().default(2),
    seed: z.number().int().nonnegative().default(7),
    /** Ring names that wait for an approval before they open. */
    approvals: z.array(z.string()).default([]),
  })
  .refine((policy) => policy.approvals.every((name) => policy.rings.some((ring) => ring.name === name)), {
    path: ['approvals'],
    error: 'each must be the name of a ring',
  })
  .prefault({});

export type RolloutPolicy = z.output<typeof rolloutPolicySchema>;

export const deploymentOptionsSchema = z.strictObject({
  policy: z.enum(DEPLOYMENT_POLICIES).default('auto'),
  rollout: rolloutPolicySchema,
});
