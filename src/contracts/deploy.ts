import { z } from 'zod';
import type { GateResult } from './gate.ts';
import type { StepReport } from './progress.ts';

export const DEPLOYMENT_POLICIES = ['auto', 'approval', 'never'] as const;
export type DeploymentPolicy = (typeof DEPLOYMENT_POLICIES)[number];

export const ringSchema = z.strictObject({
  name: z.string().min(1),
  /** Cumulative share of the fleet that has been offered the version when this ring is open, in percent. */
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
    /** Fewest reachable devices that a verdict may rest on; a smaller ring needs all of its reachable devices. */
    minDevices: z.number().int().positive().default(2),
    /** Share of the ring that must have been reachable since the offer, 0..1: the coverage floor. */
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

/** Input of `packageAndDeploy`. */
export const deployInputSchema = z.strictObject({
  model: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]*@([0-9]+|[a-z][a-z0-9-]*)$/,
      'expected name@version or name@alias, e.g. "pump-health@3" or "pump-health@champion"',
    )
    .default('pump-health@challenger'),
  platforms: z
    .array(z.enum(['linux/amd64', 'linux/arm64', 'linux/arm/v7']))
    .optional()
    .describe('default: the platform of the packaging worker'),
  /** Twin-tag condition of the devices that belong to this deployment, in the hub's query language; default: all edge devices. */
  devices: z.string().default(''),
  rollout: rolloutPolicySchema,
  /** Only package and test; no device is touched. */
  packageOnly: z.boolean().default(false),
  actor: z.string().min(1).default('engineer'),
  reason: z.string().default(''),
});
export type DeployInput = z.input<typeof deployInputSchema>;
export type ResolvedDeployInput = z.output<typeof deployInputSchema>;
export const DEPLOY_EXAMPLE = { model: 'pump-health@3' };

export const IMAGE_MODES = ['container', 'process'] as const;
export type ImageMode = (typeof IMAGE_MODES)[number];

export interface PlatformImage {
  readonly platform: string;
  /** Digest of the image manifest. */
  readonly digest: string;
  /** Digests of the layers, the model's last. */
  readonly layers: readonly string[];
  readonly size: number;
}

export interface PackagedImage {
  /** Digest of the image index (all platforms); devices are given `repository@digest`. */
  readonly digest: string;
  readonly repository: string;
  readonly reference: string;
  readonly platforms: readonly PlatformImage[];
  /** How the container-instance test ran: on a Docker Engine, or the unpacked image as a process. */
  readonly mode: ImageMode;
}

export const RING_VERDICTS = [
  'pending',
  'running',
  'promoted',
  'held',
  'failed',
  'reverted',
  'skipped',
] as const;
export type RingVerdict = (typeof RING_VERDICTS)[number];

/** Device counts of one ring. reachable = could have reported since the offer; attested ⊆ running ⊆ reachable. */
export interface RingReport {
  readonly name: string;
  readonly devices: number;
  readonly reachable: number;
  readonly running: number;
  readonly attested: number;
  /** Offered but not reachable since: they get the current target when they return. */
  readonly pending: number;
  readonly failed: number;
  readonly verdict: RingVerdict;
  readonly reason: string;
  readonly openedAt?: string;
  readonly decidedAt?: string;
}

export const ROLLOUT_OUTCOMES = ['completed', 'stopped', 'reverted', 'superseded', 'aborted'] as const;
export type RolloutOutcome = (typeof ROLLOUT_OUTCOMES)[number];

export interface RolloutResult {
  readonly rolloutId: string;
  readonly outcome: RolloutOutcome;
  readonly model: string;
  readonly version: string;
  readonly previous: { readonly version: string; readonly configurationId: string } | null;
  readonly rings: readonly RingReport[];
  readonly pendingDevices: number;
  readonly reason: string;
}

export interface DeployResult {
  readonly workflowId: string;
  readonly runId: string;
  readonly model: { readonly name: string; readonly version: string; readonly digest: string };
  readonly image: PackagedImage;
  readonly gates: readonly GateResult[];
  readonly rollout: RolloutResult | null;
  readonly steps: readonly StepReport[];
  readonly seconds: number;
}

export { ROLLOUT_MESSAGES } from './rollout-messages.ts';
export interface ApproveRing {
  readonly ring: string;
  readonly actor: string;
  readonly reason: string;
}
export interface AbortRollout {
  readonly actor: string;
  readonly reason: string;
  /** keep: devices stay on what they run; revert: they go back to the previous version. */
  readonly mode: 'keep' | 'revert';
}
