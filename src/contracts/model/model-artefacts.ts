import type { ArtefactRef } from '../artefact.ts';

/** The files that are a model, from training to the registry. */
export interface ModelArtefacts {
  readonly onnx: ArtefactRef;
  /** GoldenFile: rows with the predictions that the model is held to elsewhere. */
  readonly golden: ArtefactRef;
  /** By fold number: the model that did not see the groups of that fold. */
  readonly folds: Readonly<Record<string, ArtefactRef>>;
}
