import { z } from 'zod';
import { modelReferenceSchema, platformSchema } from '../identifier-schemas.ts';
import type { GateResult } from '../gate.ts';
import type { StepReport } from '../progress.ts';
import { rolloutPolicySchema } from '../rollout/policy.ts';
import type { PackagedImage } from './image.ts';
import type { RolloutResult } from '../rollout/rollout.ts';

/** Input of `packageAndDeploy`. */
export const deployInputSchema = z.strictObject({
  model: modelReferenceSchema.default('pump-health@challenger'),
  platforms: z.array(platformSchema).optional().describe('default: the platform of the packaging worker'),
  /**
   * Twin-tag condition of the devices that belong to this deployment, in the hub's query language;
   * default: all edge devices.
   */
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
