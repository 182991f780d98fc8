import type { Comparison } from '../build/comparison.ts';
import type { DataRef } from '../data/data-set.ts';
import type { EvaluationMetrics } from '../build/evaluation.ts';
import type { SourceRef } from '../build/source.ts';
import type { EvaluationReport } from '../build/evaluation.ts';
import type { Explanation } from '../build/explanation.ts';
import type { GateResult } from '../gate.ts';
import type { ModelProfile, OptimisationResult } from '../build/optimisation.ts';
import type { ProjectSpec } from '../project/project.ts';
import type { SearchResult } from '../build/search.ts';

/**
 * The model card (Mitchell et al. 2019) as JSON: everything that its page shows. What nobody knows
 * of an imported model is null.
 */
export interface ModelCard {
  readonly schema: 'windlass.card/1';
  readonly name: string;
  readonly description: string;
  /** sha256 of model.onnx. */
  readonly digest: string;
  /**
   * Of a model that was trained elsewhere: the file that was imported, and what its lineage lacks.
   */
  readonly imported?: { readonly file: string; readonly missing: readonly string[] };
  /** What made it; what serves an imported one. */
  readonly pipeline: { readonly name: string; readonly version: string } | null;
  readonly source: Pick<SourceRef, 'repository' | 'subfolder' | 'commit' | 'ref' | 'dirty'> | null;
  readonly environment: string | null;
  /** What it was trained and measured on; of an imported one, what it was measured on. */
  readonly data: DataRef | null;
  readonly params: Readonly<Record<string, unknown>> | null;
  readonly seed: number | null;
  readonly model: ProjectSpec['model'] | null;
  readonly columns: ProjectSpec['data']['columns'];
  readonly metrics: EvaluationMetrics | null;
  readonly evaluation: EvaluationReport | null;
  readonly explanation: Explanation | null;
  readonly comparison: Comparison;
  /** The search that the parameters came from, with every trial. */
  readonly search?: SearchResult;
  /**
   * What running it costs, per platform where it was measured; absent in cards of older versions.
   */
  readonly profiles?: readonly ModelProfile[];
  /** The forms of the trained model that were tried. */
  readonly optimisation?: OptimisationResult;
  readonly gates: readonly GateResult[];
  /** What the model must not be used for, and what it does with input that it cannot judge. */
  readonly limits: readonly string[];
}
