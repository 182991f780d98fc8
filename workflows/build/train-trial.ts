import { setCurrentDetails } from '@temporalio/workflow';
import type { TrialOutcome, TrialRequest } from '../../activities/training/search-activities.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import { rootFailure } from '../shared/steps.ts';
import { runTrialFor } from './build-activities.ts';

/**
 * One trial of a search, a child of `buildAndTrain`: its fold models are trained and judged on the
 * validation groups.
 */
export async function trainTrial(request: TrialRequest): Promise<StepOutput<TrialOutcome>> {
  const { plan, spec } = request;
  const chosen = `trial ${plan.trial} of ${spec.name}, seed ${plan.seed}\n\n\`${JSON.stringify(plan.params)}\``;
  setCurrentDetails(chosen);
  try {
    const outcome = await runTrialFor(spec.train.timeoutSeconds)(request);
    setCurrentDetails(`${chosen}\n\nF1 **${outcome.value.metric.toFixed(4)}** on the validation groups`);
    return outcome;
  } catch (error) {
    throw rootFailure(error);
  }
}
