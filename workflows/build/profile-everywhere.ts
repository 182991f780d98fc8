import { ActivityCancellationType, isCancellation, proxyActivities } from '@temporalio/workflow';
import type {
  ProfileActivities,
  ProfileRequest,
  VariantProfile,
} from '../../activities/optimisation/profile-activities.ts';
import type { BuildStep } from '../../src/contracts/build/build-steps.ts';
import type { OptimisationResult } from '../../src/contracts/build/optimisation.ts';
import { failureText, rootFailure, type Steps } from '../shared/steps.ts';
import { findProfilers } from './build-activities.ts';

export type Measured = VariantProfile & { readonly platform: string };

/** Measures all forms side by side on each platform of the project that a worker is there for. */
export async function profileEverywhere(
  steps: Steps<BuildStep>,
  models: ProfileRequest['models'],
  { golden, spec, reuse }: Omit<ProfileRequest, 'models'>,
): Promise<{ measured: Measured[]; unmeasured: OptimisationResult['unmeasured'] }> {
  const profilers = await findProfilers({ platforms: spec.serve.platforms });
  const asked = profilers.flatMap((p) => (p.taskQueue === null ? [] : [p.platform]));
  if (asked.length > 0) steps.note('optimise', `measuring on ${asked.join(', ')}`);
  const request = { models: models.map(({ variant, onnx }) => ({ variant, onnx })), golden, spec, reuse };
  const answers = await Promise.all(
    profilers.map(async ({ platform, taskQueue }) => {
      if (taskQueue === null)
        return { platform, reason: 'no worker of this platform serves the queue "profiling"' };
      try {
        const { value } = await profilerOn(taskQueue)(request);
        return value.map((found) => ({ platform, ...found }));
      } catch (error) {
        const failure = rootFailure(error);
        if (isCancellation(failure)) throw failure;
        return { platform, reason: failureText(failure) };
      }
    }),
  );
  return {
    measured: answers.flatMap((a) => ('reason' in a ? [] : a)),
    unmeasured: answers.flatMap((a) => ('reason' in a ? [a] : [])),
  };
}

function profilerOn(taskQueue: string): ProfileActivities['profileModels'] {
  return proxyActivities<ProfileActivities>({
    taskQueue,
    startToCloseTimeout: '30 minutes',
    // It may measure for other builds first; one that was there a minute ago may be gone, and a
    // build does not wait long for it.
    scheduleToStartTimeout: '10 minutes',
    heartbeatTimeout: '20 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: 3 },
    summary: 'measure latency, throughput, start and memory of every form',
  }).profileModels;
}
