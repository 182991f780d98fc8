import { canonicalJson } from '../../base/canonical-json.ts';

/**
 * What the digest of a pipeline version is taken of; a build of uncommitted files never passes for
 * one of the commit.
 */
export function pipelineIdentity(pipeline: {
  /** Digest of the source bundle. */
  readonly bundle: string;
  /** Digest of what the environment is made from. */
  readonly lock: string;
  /** windlass.yaml as it was read. */
  readonly spec: object;
  readonly dirty: boolean;
}): string {
  const { bundle, lock, spec, dirty } = pipeline;
  return canonicalJson({ bundle, lock, spec, dirty });
}
