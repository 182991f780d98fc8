import type { Comparison, DataRef, EvaluationMetrics, SourceRef } from './build.ts';
import type { EvaluationReport } from './evaluation.ts';
import type { Explanation } from './explanation.ts';
import type { GateResult } from './gate.ts';
import type { ProjectSpec } from './project.ts';
import type { SearchResult } from './search.ts';

/** The model card (Mitchell et al. 2019) as JSON: everything that its page shows. */
export interface ModelCard {
  readonly schema: 'windlass.card/1';
  readonly name: string;
  readonly description: string;
  /** sha256 of model.onnx. */
  readonly digest: string;
  readonly pipeline: { readonly name: string; readonly version: string };
  readonly source: Pick<SourceRef, 'repository' | 'subfolder' | 'commit' | 'ref' | 'dirty'>;
  readonly environment: string;
  readonly data: DataRef;
  readonly params: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly model: ProjectSpec['model'];
  readonly columns: ProjectSpec['data']['columns'];
  readonly metrics: EvaluationMetrics;
  readonly evaluation: EvaluationReport;
  readonly explanation: Explanation;
  readonly comparison: Comparison;
  /** The search that the parameters came from, with every trial. */
  readonly search?: SearchResult;
  readonly gates: readonly GateResult[];
  /** What the model must not be used for, and what it does with input that it cannot judge. */
  readonly limits: readonly string[];
}
