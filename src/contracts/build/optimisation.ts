import { z } from 'zod';
import type { ArtefactRef } from '../artefact.ts';

/**
 * Ways to make a model cheaper to run: the runtime's own graph optimisation, dynamic quantisation
 * of weights, half precision.
 */
export const OPTIMISATIONS = ['graph', 'int8', 'float16'] as const;
export type Optimisation = (typeof OPTIMISATIONS)[number];
/** The model as it was trained, or what was made of it. */
export const VARIANTS = ['original', ...OPTIMISATIONS] as const;
export type Variant = (typeof VARIANTS)[number];

/** What is left out has the default of `optimisationPlan`. */
export const optimiseSchema = z
  .strictObject({
    candidates: z
      .array(z.enum(OPTIMISATIONS, `expected some of ${OPTIMISATIONS.join(', ')}`))
      .refine((list) => new Set(list).size === list.length, 'a candidate is named twice')
      .optional()
      .describe('Forms to try; none when not set.'),
    prefer: z
      .enum(['latency', 'size'])
      .optional()
      .describe('What the form that is kept must save; `latency` when not set.'),
    minGain: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "Share of the original's latency or size to save on every measured platform; 0.1 when not set.",
      ),
  })
  .describe('Cheaper forms of the model to try; without it the model is taken as it was trained.');
export type OptimiseOptions = z.infer<typeof optimiseSchema>;

/** What running a model costs on one machine, one thread; times in milliseconds, memory in MB. */
export interface ModelProfile {
  readonly machine: {
    /** e.g. linux/amd64 */
    readonly platform: string;
    readonly runtime: string;
    readonly processor: string;
  };
  /** Of one row alone, over n calls. */
  readonly latency: { readonly n: number; readonly p50: number; readonly p99: number };
  /** In batches of 256. */
  readonly rowsPerSecond: number;
  /** From the file to a session that can score. */
  readonly startMs: number;
  /** Most memory of the whole process, and what opening the model added. */
  readonly memory: { readonly peakMb: number; readonly sessionMb: number };
}

/** One form of the model in the table of an optimisation. */
export interface VariantResult {
  readonly variant: Variant;
  /** `refused`: a gate stands in the way; `failed`: it could not be made. */
  readonly status: 'kept' | 'passed' | 'refused' | 'failed';
  readonly reason: string;
  readonly digest: string | null;
  readonly bytes: number | null;
  readonly f1: number | null;
  /** F1 less that of the original, on the same windows, with its 95 % interval. */
  readonly difference: number | null;
  readonly interval: readonly [number, number] | null;
  /** One per platform where it was measured. */
  readonly profiles: readonly ModelProfile[];
}

export interface OptimisationResult {
  readonly prefer: 'latency' | 'size';
  readonly minGain: number;
  readonly kept: Variant;
  readonly reason: string;
  /** The original first. */
  readonly variants: readonly VariantResult[];
  /** Platforms of windlass.yaml that nothing was measured on, and why. */
  readonly unmeasured: ReadonlyArray<{ readonly platform: string; readonly reason: string }>;
  readonly seconds: number;
}

/** What a model version keeps of its optimisation. */
export interface OptimisationRecord {
  readonly kept: Variant;
  /** sha256 of the model as it was trained. */
  readonly from: string;
  /** OptimisationResult as JSON. */
  readonly report: ArtefactRef;
  /**
   * Largest distance from its own golden rows on other machines; absent where the project's
   * tolerance holds.
   */
  readonly parityTolerance?: number;
}
