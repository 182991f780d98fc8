import type { ArtefactRef } from '../artefact.ts';
import type { Comparison } from '../build/comparison.ts';
import type { DataRef } from '../data/data-set.ts';
import type { EvaluationMetrics } from '../build/evaluation.ts';
import type { GateResult } from '../gate.ts';
import type { OptimisationRecord } from '../build/optimisation.ts';
import type { SearchRecord } from '../build/search.ts';
import type { RunIdentity } from '../build/source.ts';
import type { ModelArtefacts } from './model-artefacts.ts';
import type { ModelState } from './model-state.ts';

export interface ModelRegistration extends ModelArtefacts {
  readonly name: string;
  /** sha256 of model.onnx; with pipeline and data digest it identifies the version. */
  readonly digest: string;
  readonly baseline: ArtefactRef;
  readonly card: ArtefactRef | null;
  readonly log: ArtefactRef | null;
  readonly pipeline: { readonly name: string; readonly version: string };
  readonly data: DataRef;
  readonly params: Record<string, unknown>;
  readonly seed: number;
  /** The search that the parameters came from, or the folds that were spared. */
  readonly search?: SearchRecord;
  /** Which form of the trained model this is; absent where no other was tried. */
  readonly optimisation?: OptimisationRecord;
  readonly metrics: EvaluationMetrics;
  readonly gates: readonly GateResult[];
  readonly comparison: Comparison;
  readonly run: RunIdentity;
  /** Trained elsewhere; absent when a pipeline made it. */
  readonly origin?: 'imported';
  /** The file that was imported, and what its lineage lacks. */
  readonly importedFile?: string;
  readonly missing?: readonly string[];
}

export type MayLack = 'golden' | 'baseline' | 'pipeline' | 'data' | 'metrics';

/** A version that was trained elsewhere, as far as it is known. */
export type ImportedRegistration = Omit<ModelRegistration, MayLack> & {
  readonly [K in MayLack]: ModelRegistration[K] | null;
};

export interface ModelVersion extends ModelRegistration {
  readonly version: string;
  readonly state: ModelState;
  readonly aliases: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
}

/**
 * What is known of every version, including one that was partly imported or came through the MLflow
 * API.
 */
export type ModelStanding = Pick<ModelVersion, 'name' | 'version' | 'state' | 'aliases'>;

/** A version as it was registered, which may lack parts when it was imported. */
export type ModelRecord = Omit<ModelVersion, MayLack> & Pick<ImportedRegistration, MayLack>;
