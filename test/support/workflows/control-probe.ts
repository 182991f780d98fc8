import { proxyActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../../../activities/registry/registry-activities.ts';
import { resolveInput } from '../../../workflows/shared/resolve-input.ts';
import { rootFailure } from '../../../workflows/shared/steps.ts';

const control = proxyActivities<ControlActivities>({ startToCloseTimeout: '10 seconds' });

/** The first step of a pipeline workflow. */
export async function firstStep(raw: unknown): Promise<unknown> {
  return resolveInput('packageAndDeploy', raw);
}

/** Asks the registry for a version and its pipeline. */
export async function resolveBoth(reference: string): Promise<unknown> {
  try {
    const model = await control.resolveModel(reference);
    const { name, version } = model.pipeline;
    return { model, pipeline: await control.findPipeline(`${name}@${version}`) };
  } catch (error) {
    throw rootFailure(error);
  }
}
