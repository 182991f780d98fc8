import type { SourceRef } from './source.ts';
import type { GateResult } from '../gate.ts';
import type { ProjectSpec } from '../project/project.ts';

export interface PipelineVersion {
  readonly name: string;
  readonly version: string;
  /** sha256 over source bundle, environment lock and spec: the same content is the same version. */
  readonly digest: string;
  readonly source: SourceRef;
  readonly environment: string;
  readonly spec: ProjectSpec;
  readonly checks: readonly GateResult[];
  readonly createdAt: string;
}
