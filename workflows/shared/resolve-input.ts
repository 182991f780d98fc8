import { proxyLocalActivities } from '@temporalio/workflow';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import type { InputName, ResolvedInputs } from '../../activities/shared/resolve-input.ts';
import { rootFailure } from './steps.ts';

const local = proxyLocalActivities<ControlActivities>({
  startToCloseTimeout: '10 seconds',
  retry: { maximumAttempts: 3 },
});

/**
 * The workflow's first step: parses and completes its one JSON object outside the sandbox (zod
 * never enters the workflow bundle). A bad input fails the workflow at once with INPUT_INVALID,
 * which lists every wrong field and an example.
 */
export async function resolveInput<N extends InputName>(name: N, raw: unknown): Promise<ResolvedInputs[N]> {
  try {
    return (await local.resolveInput(name, raw)) as ResolvedInputs[N];
  } catch (error) {
    throw rootFailure(error);
  }
}
