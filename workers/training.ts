import { join } from 'node:path';
import { createCalibrationActivities } from '../activities/calibration/calibration-activities.ts';
import { createCheckActivities } from '../activities/checks/check-activities.ts';
import { createDataActivities } from '../activities/data/data-activities.ts';
import { createEnvironmentActivities } from '../activities/environment/environment-activities.ts';
import { createEvaluationActivities } from '../activities/evaluation/evaluation-activities.ts';
import { createImportActivities } from '../activities/model-gates/import-activities.ts';
import { createModelGateActivities } from '../activities/model-gates/model-gate-activities.ts';
import { createOptimisationActivities } from '../activities/optimisation/optimisation-activities.ts';
import { createProfileActivities } from '../activities/optimisation/profile-activities.ts';
import { createReproductionActivities } from '../activities/reproduction/reproduction-activities.ts';
import { createSourceActivities } from '../activities/source/source-activities.ts';
import { createSearchActivities } from '../activities/training/search-activities.ts';
import { createTrainActivities } from '../activities/training/train-activities.ts';
import { createDataSources } from '../src/adapters/data-source/data-sources.ts';
import { createContainerRuntime } from '../src/adapters/docker/container-runtime.ts';
import { dockerClient } from '../src/adapters/docker/engine.ts';
import { joinRuntimes } from '../src/adapters/docker/project-runtimes.ts';
import { sensorFiles } from '../src/adapters/duckdb/sensor-files.ts';
import { createGitSourceControl } from '../src/adapters/git/git-source-control.ts';
import { thisMachine } from '../src/adapters/onnx/measure.ts';
import { createOnnxModelRuntime } from '../src/adapters/onnx/onnx-model-runtime.ts';
import { createDataIndex } from '../src/adapters/postgres/registry/data-index.ts';
import { createPythonRuntime } from '../src/adapters/python/python-runtime.ts';
import { modelCardHtml } from '../src/reports/model-card.ts';
import { isPolled } from '../src/adapters/temporal/pollers.ts';
import type { QueueSetup, WorkerContext } from './context.ts';
import { keepHouse } from './housekeeping.ts';

/** Heavy steps that one worker does at the same time. */
const CONCURRENT = 4;

/** The `training` queue: source, environments, checks, data, training, gates, evaluation. */
export async function createTrainingQueue(context: WorkerContext): Promise<QueueSetup> {
  const { config, db, artefacts, registry, steps, temporal } = context;
  const { python, environmentsDir: environments } = config.training;
  const docker = dockerClient();
  const containers = createContainerRuntime(docker);
  const deps = {
    artefacts,
    registry,
    steps,
    clock: context.clock,
    files: sensorFiles,
    models: createOnnxModelRuntime(),
    sources: createDataSources(config.azure),
    index: createDataIndex(db, context.clock),
    renderCard: modelCardHtml,
    source: createGitSourceControl({ mirrors: join(config.stateDir, 'git') }),
    runtime: joinRuntimes(
      createPythonRuntime({ environments, python: python === undefined ? undefined : [python] }),
      containers,
    ),
    work: join(config.stateDir, 'work'),
    machine: thisMachine(),
    isPolled: (taskQueue: string) => isPolled(temporal.connection, config.temporal.namespace, taskQueue),
  };
  await keepHouse(context, { work: deps.work, environments, docker, containers });
  return {
    activities: {
      ...createSourceActivities(deps),
      ...createEnvironmentActivities(deps),
      ...createCheckActivities(deps),
      ...createDataActivities(deps),
      ...createSearchActivities(deps),
      ...createTrainActivities(deps),
      ...createCalibrationActivities(deps),
      ...createModelGateActivities(deps),
      ...createImportActivities(deps),
      ...createEvaluationActivities(deps),
      ...createOptimisationActivities(deps),
      ...createProfileActivities(deps),
      ...createReproductionActivities(deps),
    },
    options: {
      maxConcurrentActivityTaskExecutions: CONCURRENT,
      // Heartbeats must leave the worker well within the ten seconds after which it counts as lost.
      maxHeartbeatThrottleInterval: '3 seconds',
      defaultHeartbeatThrottleInterval: '3 seconds',
    },
  };
}
