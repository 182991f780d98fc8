import { ActivityCancellationType, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { CheckActivities } from '../../activities/checks/check-activities.ts';
import type { ControlActivities } from '../../activities/registry/registry-activities.ts';
import type { DataActivities } from '../../activities/data/data-activities.ts';
import type { EnvironmentActivities } from '../../activities/environment/environment-activities.ts';
import type { EvaluationActivities } from '../../activities/evaluation/evaluation-activities.ts';
import type { ImportActivities } from '../../activities/model-gates/import-activities.ts';
import type { ModelGateActivities } from '../../activities/model-gates/model-gate-activities.ts';
import type { OptimisationActivities } from '../../activities/optimisation/optimisation-activities.ts';
import type { ReproductionActivities } from '../../activities/reproduction/reproduction-activities.ts';
import type { SourceActivities } from '../../activities/source/source-activities.ts';
import type { SearchActivities } from '../../activities/training/search-activities.ts';
import type { TrainActivities } from '../../activities/training/train-activities.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';

const retry = { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 8 } as const;

function onTraining(summary: string, minutes: number): ActivityOptions {
  return {
    taskQueue: TASK_QUEUES.training,
    startToCloseTimeout: `${minutes} minutes`,
    heartbeatTimeout: '20 seconds',
    // A cancelled build ends when its processes have ended.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry,
    summary,
  };
}

export const { checkoutProject } = proxyActivities<SourceActivities>(
  onTraining('check out the commit and bundle the project', 15),
);
export const { prepareEnvironment } = proxyActivities<EnvironmentActivities>(
  onTraining('build or find the environment of the lock file', 45),
);
export const { runChecks } = proxyActivities<CheckActivities>(
  onTraining("run the project's own checks", 180),
);
export const { snapshotData } = proxyActivities<DataActivities>(
  onTraining('keep the data: files, digests, rows', 60),
);
export const { checkData } = proxyActivities<DataActivities>(onTraining('judge the data', 60));
export const { planSearch, keepSearch } = proxyActivities<SearchActivities>(
  onTraining('plan the trials, or keep what they gave', 10),
);
export const { checkModel } = proxyActivities<ModelGateActivities>(
  onTraining('judge the model file in a process of its own', 20),
);
export const { receiveModel, judgeImport } = proxyActivities<ImportActivities>(
  onTraining('take in and judge a model that was trained elsewhere', 20),
);
export const { evaluateModel, explainModel, compareModel, writeModelCard, writeImportedCard } =
  proxyActivities<EvaluationActivities>(onTraining('score groups with the model that did not see them', 60));
export const { makeCandidate } = proxyActivities<OptimisationActivities>(
  onTraining('make a cheaper form of the model and its fold models', 60),
);
export const { compareCandidate, findProfilers, keepOwnGolden, keepOptimisation } =
  proxyActivities<OptimisationActivities>(
    onTraining('compare forms of the model, or keep what was found', 20),
  );
export const { recheckSource, recheckData } = proxyActivities<ReproductionActivities>(
  onTraining('look again at where the version came from', 60),
);
export const {
  publishPipeline,
  findPipeline,
  registerModel,
  registerImport,
  setAlias,
  findModel,
  resolveModel,
} = proxyActivities<ControlActivities>({
  startToCloseTimeout: '1 minute',
  retry,
  summary: 'write to or read from the registry',
});

/**
 * As long as windlass.yaml allows; a worker that dies is noticed within ten seconds, and another
 * goes on.
 */
function whileTraining(summary: string, seconds: number): ActivityOptions {
  return { ...onTraining(summary, Math.ceil(seconds / 60) + 30), heartbeatTimeout: '10 seconds' };
}

export function trainFor(seconds: number): TrainActivities['train'] {
  return proxyActivities<TrainActivities>(whileTraining('run the train command', seconds)).train;
}

export function runTrialFor(seconds: number): SearchActivities['runTrial'] {
  return proxyActivities<SearchActivities>(whileTraining('train and judge one trial', seconds)).runTrial;
}
