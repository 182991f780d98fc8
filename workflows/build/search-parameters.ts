import {
  ApplicationFailure,
  CancellationScope,
  executeChild,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlanSearchRequest, SearchPlan } from '../../activities/training/plan-search.ts';
import type { TrialRequest } from '../../activities/training/search-activities.ts';
import type { DataRef } from '../../src/contracts/data/data-set.ts';
import type { BuildStep } from '../../src/contracts/build/build-steps.ts';
import { workflowIds } from '../../src/contracts/names.ts';
import type { StepOutput } from '../../src/contracts/progress.ts';
import type { SearchRecord, SearchResult, TrialPlan, TrialResult } from '../../src/contracts/build/search.ts';
import { bestTrial, describeSearch } from '../../src/domain/search/best-trial.ts';
import { parameterSpace } from '../../src/domain/search/parameter-space.ts';
import { failureText, type Steps } from '../shared/steps.ts';
import { keepSearch, planSearch } from './build-activities.ts';
import { trainTrial } from './train-trial.ts';

export interface SearchRequest extends Omit<TrialRequest, 'plan'>, PlanSearchRequest {}

/**
 * What training goes on with: every parameter has its value, and no group that chose them is
 * measured.
 */
export interface ChosenParameters {
  readonly params: Readonly<Record<string, unknown>>;
  readonly data: DataRef;
  readonly result?: SearchResult;
  readonly record?: SearchRecord;
}

const LONGEST_REASON = 300;

/**
 * Chooses the parameters that have several values by trials on validation groups; without any it
 * does nothing.
 */
export async function searchParameters(
  steps: Steps<BuildStep>,
  request: SearchRequest,
): Promise<ChosenParameters> {
  const { spec, params, data, search, validationFolds } = request;
  const space = parameterSpace({ ...spec.train.params, ...params }, { lists: false });
  const asked = search !== undefined || spec.train.search !== undefined;
  if (space.size === 0 && !asked && validationFolds.length === 0) {
    steps.skip('search', 'every parameter has one value');
    return { params, data };
  }
  return steps.run('search', async (): Promise<StepOutput<ChosenParameters>> => {
    const plan = await planSearch(request);
    if (plan.trials.length === 0) {
      const { folds } = plan.validation;
      const record = folds.length === 0 ? undefined : { folds, data: plan.data };
      return { value: { params, data: plan.data, record }, message: 'every parameter has one value' };
    }
    const startedAt = Date.now();
    const trials = await runAll(plan, request, (done) =>
      steps.note('search', describeSearch(done, plan.trials.length)),
    );
    const best = bestTrial(trials);
    if (best === undefined) throw noneDone(trials);
    const { strategy, parallel, validation, evaluation } = plan;
    const result: SearchResult = {
      metric: 'f1',
      strategy,
      parallel,
      validation,
      evaluation,
      trials,
      best,
      seconds: (Date.now() - startedAt) / 1000,
    };
    const record = { report: await keepSearch(result), folds: validation.folds, data: plan.data };
    const chosen = { params: { ...params, ...best.params }, data: plan.data, result, record };
    const cached = trials.every((t) => t.cached);
    return {
      value: chosen,
      message: `${describeSearch(trials, trials.length)}; measured on ${evaluation.groups} other groups`,
      cached,
      why: cached ? 'same source bundle, environment, data, parameters and seed of every trial' : undefined,
    };
  });
}

/**
 * Runs trials, `parallel` at a time; ends when the last has ended, also when the build is
 * cancelled.
 */
async function runAll(
  plan: SearchPlan,
  request: SearchRequest,
  onProgress: (done: readonly TrialResult[]) => void,
): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  const waiting = [...plan.trials];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.push(await runOne(next, request, plan.trialData));
      onProgress(results);
    }
  };
  onProgress(results);
  const lanes = await Promise.allSettled(Array.from({ length: plan.parallel }, lane));
  const broken = lanes.find((l) => l.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return results.sort((a, b) => a.trial - b.trial);
}

/**
 * A trial that fails is a result, and so is one that was cancelled by itself; only the build's own
 * cancellation goes on.
 */
async function runOne(plan: TrialPlan, request: SearchRequest, data: DataRef): Promise<TrialResult> {
  const { bundle, spec, params, reuse } = request;
  const startedAt = Date.now();
  try {
    const { value, cached = false } = await executeChild(trainTrial, {
      workflowId: workflowIds.trial(spec.name, workflowInfo().runId, plan.trial),
      args: [{ bundle, spec, data, params, plan, reuse }],
      staticSummary: `trial ${plan.trial}: ${JSON.stringify(plan.params)}`.slice(0, 200),
    });
    return { ...plan, status: 'done', metric: value.metric, seconds: value.seconds, cached };
  } catch (error) {
    const cancelled = isCancellation(error);
    if (cancelled && CancellationScope.current().consideredCancelled) throw error;
    const reason = cancelled ? 'somebody cancelled this trial' : failureText(error);
    return {
      ...plan,
      metric: null,
      seconds: (Date.now() - startedAt) / 1000,
      cached: false,
      status: cancelled ? 'cancelled' : 'failed',
      reason: reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason,
    };
  }
}

function noneDone(trials: readonly TrialResult[]): ApplicationFailure {
  const code = 'TRAIN_FAILED';
  const ends = trials.every((t) => t.status === 'failed') ? 'failed' : 'failed or were cancelled';
  const message = `All ${trials.length} trials ${ends}. The first: ${trials[0]?.reason ?? ''}`;
  return ApplicationFailure.nonRetryable(message, code, { code, message, details: { trials } });
}
