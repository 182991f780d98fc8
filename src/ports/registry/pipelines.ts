import type { Actor } from '../../contracts/audit.ts';
import type { PipelineVersion } from '../../contracts/build/pipeline-version.ts';

/** Published pipeline versions: immutable, one per content. */
export interface PipelineRegistry {
  /** Publishes a pipeline version, or returns the one that already has this digest. */
  publishPipeline(
    pipeline: Omit<PipelineVersion, 'version' | 'createdAt'>,
    by: Actor,
  ): Promise<PipelineVersion>;
  pipeline(name: string, version: string | 'latest'): Promise<PipelineVersion | undefined>;
  pipelines(name?: string): Promise<PipelineVersion[]>;
}
