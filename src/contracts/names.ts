/**
 * Names that live outside the code: in Temporal, in the hub, on devices. Changing one is a
 * migration.
 */

export const TASK_QUEUES = {
  control: 'control',
  training: 'training',
  packaging: 'packaging',
  fleet: 'fleet',
  monitoring: 'monitoring',
  /** One queue per platform: see `profilingQueue`. */
  profiling: 'profiling',
} as const;
export type TaskQueueName = (typeof TASK_QUEUES)[keyof typeof TASK_QUEUES];

/** Task queue of the workers that measure models on a platform such as `linux/arm64`. */
export function profilingQueue(platform: string): string {
  return `${TASK_QUEUES.profiling}-${platform.replaceAll('/', '-')}`;
}

export const WORKFLOWS = {
  buildAndTrain: 'buildAndTrain',
  importModel: 'importModel',
  reproduceModel: 'reproduceModel',
  calibrateDevice: 'calibrateDevice',
  pushCoordinator: 'pushCoordinator',
  trainTrial: 'trainTrial',
  packageAndDeploy: 'packageAndDeploy',
  fleetRollout: 'fleetRollout',
  stragglerWatch: 'stragglerWatch',
  monitorAndRetrain: 'monitorAndRetrain',
  retrainCoordinator: 'retrainCoordinator',
} as const;
export type WorkflowName = (typeof WORKFLOWS)[keyof typeof WORKFLOWS];

/** All are of type Keyword; the dev server allows ten. */
export const SEARCH_ATTRIBUTES = {
  model: 'WindlassModel',
  version: 'WindlassVersion',
  pipeline: 'WindlassPipeline',
  stage: 'WindlassStage',
  commit: 'WindlassCommit',
  deviceGroup: 'WindlassDeviceGroup',
} as const;

/** Workflow ids are stable, so that a second start of the same thing finds the first. */
export const workflowIds = {
  /** `run` is the run id of the build. */
  trial: (model: string, run: string, trial: number): string => `trial-${model}-${run.slice(0, 8)}-${trial}`,
  rollout: (model: string, version: string, run: string): string => `rollout-${model}-${version}-${run}`,
  stragglers: (model: string, version: string, run: string): string =>
    `stragglers-${model}-${version}-${run}`,
  retrainCoordinator: (model: string): string => `retrain-coordinator-${model}`,
  /** `repository` without its scheme, so that all ways to name it mean the same. */
  pushCoordinator: (repository: string, branch: string, project: string): string =>
    `pushes-${repository}${project === '' ? '' : `#${project}`}@${branch}`,
  monitorSchedule: (model: string): string => `monitor-${model}`,
} as const;

/** Aliases with a meaning to Windlass; any other lower-case name may be used too. */
export const ALIASES = { champion: 'champion', challenger: 'challenger' } as const;

/** Signal of `pushCoordinator`: a push that matched a trigger. */
export const GIT_PUSH_SIGNAL = 'gitPush';

/** Signal of `retrainCoordinator`: a new-data event. */
export const NEW_DATA_SIGNAL = 'newData';
