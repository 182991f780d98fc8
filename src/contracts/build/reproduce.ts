import { z } from 'zod';
import type { GateValue } from '../gate.ts';
import type { StepReport } from '../progress.ts';
import { modelReferenceSchema } from '../identifier-schemas.ts';

/** Input of `reproduceModel`. */
export const reproduceInputSchema = z.strictObject({
  model: modelReferenceSchema.default('pump-health@champion'),
  project: z
    .string()
    .min(1)
    .optional()
    .describe('where the repository is now, when it moved: a folder, or a git URL with #subfolder'),
  data: z.string().min(1).optional().describe('where the data are now, when they moved'),
  actor: z.string().min(1).default('engineer'),
});
export type ReproduceInput = z.input<typeof reproduceInputSchema>;
export type ResolvedReproduceInput = z.output<typeof reproduceInputSchema>;
export const REPRODUCE_EXAMPLE = { model: 'pump-health@3' };

/** One thing that is not as it was recorded. */
export interface Difference {
  readonly what: string;
  readonly recorded: GateValue;
  readonly found: GateValue;
}

/**
 * One thing that could not be compared, so that nothing is said of it: named as a difference of it
 * would be.
 */
export interface Unchecked {
  readonly what: string;
  readonly why: string;
}

/** What comparing one part again gave. */
export interface Recheck {
  readonly differences: readonly Difference[];
  readonly unchecked: readonly Unchecked[];
  readonly notes: readonly string[];
}

export interface ReproduceResult {
  readonly workflowId: string;
  readonly runId: string;
  /**
   * Whether all that was compared is equal to the last bit; `unchecked` says what was not compared.
   */
  readonly identical: boolean;
  /** Digests of model.onnx. */
  readonly model: { readonly reference: string; readonly recorded: string; readonly rebuilt: string };
  /** In the order of the pipeline: the first one is where it starts to differ. */
  readonly differences: readonly Difference[];
  /** Origins that cannot be looked at any more, and metrics that were not recorded. */
  readonly unchecked: readonly Unchecked[];
  readonly notes: readonly string[];
  readonly steps: readonly StepReport[];
  readonly seconds: number;
}
