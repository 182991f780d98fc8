import type { ArtefactRef } from '../artefact.ts';

export interface SourceRef {
  readonly repository: string;
  readonly subfolder: string;
  readonly commit: string;
  readonly ref: string;
  readonly dirty: boolean;
  /** Deterministic tar of the project folder without what git ignores. */
  readonly bundle: ArtefactRef;
}

export interface RunIdentity {
  readonly workflowId: string;
  readonly runId: string;
}
