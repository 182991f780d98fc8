import type { CheckedOutProject } from '../../activities/source/source-activities.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import type { Actor } from '../../src/contracts/audit.ts';
import type { PipelineVersion } from '../../src/contracts/build/pipeline-version.ts';
import { refuseGates } from '../shared/refuse-gates.ts';
import type { Steps } from '../shared/steps.ts';
import * as activity from './build-activities.ts';

/**
 * A commit becomes an immutable pipeline version, once its environment stands and its checks pass.
 */
export async function publishCommit(
  steps: Steps<'environment' | 'checks' | 'publish'>,
  { source, spec, pipelineDigest }: CheckedOutProject,
  { by, reuse }: { readonly by: Actor; readonly reuse: boolean },
): Promise<PipelineVersion> {
  const code = { bundle: source.bundle, spec };
  const environment = await steps.run('environment', () => activity.prepareEnvironment(code));
  const checks = await steps.run('checks', () => activity.runChecks({ ...code, reuse }));
  return steps.run('publish', async () => {
    const value = await activity.publishPipeline(
      { name: spec.name, digest: pipelineDigest, source, environment: environment.key, spec, checks },
      by,
    );
    return { value, message: `${value.name}@${value.version}` };
  });
}

/** The gates on the data; one that fails ends the run. */
export async function judgeData(steps: Steps<'data-gates'>, data: DataRef, spec: ProjectSpec): Promise<void> {
  await steps.run('data-gates', async () => {
    const gates = await activity.checkData({ ref: data, spec });
    refuseGates(gates, { code: 'DATA_INVALID', what: 'the data' });
    return { value: undefined, gates, message: `${gates.length} gates passed` };
  });
}
