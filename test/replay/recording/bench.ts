import { join } from 'node:path';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker } from '@temporalio/worker';
import pino from 'pino';
import { errorInterceptor } from '../../../activities/shared/error-interceptor.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ModelVersion } from '../../../src/contracts/model/model-version.ts';
import { ALIASES, TASK_QUEUES, type WorkflowName } from '../../../src/contracts/names.ts';
import type { Registry } from '../../../src/ports/registry/registry.ts';
import { createControlQueue } from '../../../workers/control.ts';
import type { QueueSetup, WorkerContext } from '../../../workers/context.ts';
import { createFleetQueue } from '../../../workers/fleet.ts';
import { createMonitoringQueue } from '../../../workers/monitoring.ts';
import { openWorkerContext } from '../../../workers/open-context.ts';
import { createProfilingQueue } from '../../../workers/profiling.ts';
import { createTrainingQueue } from '../../../workers/training.ts';
import { loadWorkflowBundle } from '../../../workers/workflow-bundle.ts';
import { createDevServer } from '../../support/dev-server.ts';
import { SHARED_ENVIRONMENTS } from '../../support/environments.ts';
import { comparedWith, packagedImage, registration } from '../../support/registry-fixtures.ts';
import { openRolloutBench, type RolloutBench } from '../../support/rollout-bench.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { createPackagingAnswers } from './packaging-answers.ts';
import { openTinyModel, type TinyModel } from './tiny-model.ts';

/** A history of this many events is long: what continues as new does so within seconds. */
export const LONG_HISTORY = 120;

export type Handle = WorkflowHandleWithFirstExecutionRunId;

/** Every worker of Windlass in this process, real but for packaging, on a server of their own. */
export interface Bench {
  readonly env: TestWorkflowEnvironment;
  readonly context: WorkerContext;
  readonly rollouts: RolloutBench;
  readonly folder: string;
  /** The device that is not connected from the start. */
  readonly away: string;
  /** Registers the next version of pump-health, as good as the champion, with an image. */
  version(words: string): Promise<ModelVersion>;
  /** Versions (`name@version`) whose container test fails. */
  readonly unfit: Set<string>;
  /** The project of the tests, with a first version that is champion. */
  tiny(): Promise<TinyModel>;
  start(workflow: WorkflowName, workflowId: string, input: object): Promise<Handle>;
  close(): Promise<void>;
}

/** Opens the parts; all devices but one are connected. */
export async function openBench(): Promise<Bench> {
  const away = 'pump-005';
  const { path: folder, remove } = tempFolder('replay');
  const env = await createDevServer([
    '--dynamic-config-value',
    `limit.historyCount.suggestContinueAsNew=${LONG_HISTORY}`,
  ]);
  const rollouts = await openRolloutBench({ devices: 8, offline: (id) => id === away });
  const { connectionString, httpsPort, caFile } = rollouts.hub.hub;
  const config = loadConfig({
    cwd: folder,
    env: { DATABASE_URL: rollouts.databaseUrl, TEMPORAL_ADDRESS: env.address },
    flags: {
      'training.environmentsDir': SHARED_ENVIRONMENTS,
      'hub.connectionString': connectionString,
      'hub.port': httpsPort,
      'hub.caFile': caFile,
      'hub.telemetryDir': join(folder, 'telemetry'),
    },
  }).values;
  const context = await openWorkerContext(config, pino({ level: 'silent' }));
  const unfit = new Set<string>();
  const setups: readonly (readonly [string, QueueSetup])[] = [
    [TASK_QUEUES.control, createControlQueue(context)],
    [TASK_QUEUES.training, await createTrainingQueue(context)],
    [TASK_QUEUES.fleet, createFleetQueue(context)],
    [TASK_QUEUES.monitoring, createMonitoringQueue(context)],
    [TASK_QUEUES.profiling, createProfilingQueue(context)],
    [TASK_QUEUES.packaging, { activities: createPackagingAnswers(unfit) }],
  ];
  const stops = await Promise.all(setups.map(([queue, setup]) => serve(env, queue, setup)));
  let tiny: Promise<TinyModel> | undefined;
  const bench: Bench = {
    env,
    context,
    rollouts,
    folder,
    away,
    unfit,
    version: (words) => registerVersion(rollouts.registry, words),
    tiny: () => (tiny ??= openTinyModel(bench)),
    start: (workflow, workflowId, input) =>
      env.client.workflow.start(workflow, { taskQueue: TASK_QUEUES.control, workflowId, args: [input] }),
    close: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await context.close();
      await rollouts.close();
      await env.teardown();
      remove();
    },
  };
  return bench;
}

async function registerVersion(registry: Registry, words: string): Promise<ModelVersion> {
  const by = { actor: 'ada', reason: 'a recording' };
  const first = registration(words);
  const champion = await registry.model(first.name, ALIASES.champion);
  const comparison = champion === undefined ? first.comparison : comparedWith(champion.version);
  const model = await registry.registerModel({ ...first, comparison }, by);
  const { name, version } = model;
  await registry.recordImage({ name, version }, packagedImage(`${name}@${version}`), by);
  return model;
}

async function serve(
  env: TestWorkflowEnvironment,
  queue: string,
  { activities, options, taskQueue, close }: QueueSetup,
): Promise<() => Promise<void>> {
  const bundle = await loadWorkflowBundle(new DefaultLogger('ERROR'));
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: taskQueue ?? queue,
    activities,
    workflowBundle: queue === TASK_QUEUES.control ? bundle : undefined,
    interceptors: { activity: [errorInterceptor] },
    shutdownForceTime: '5 seconds',
    ...options,
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await close?.();
  };
}
