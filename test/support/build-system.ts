import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker } from '@temporalio/worker';
import pino from 'pino';
import { errorInterceptor } from '../../activities/shared/error-interceptor.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { WindlassConfig } from '../../src/config/schema.ts';
import type { BuildInput, BuildResult } from '../../src/contracts/build/build.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import { createControlQueue } from '../../workers/control.ts';
import type { QueueSetup, WorkerContext } from '../../workers/context.ts';
import { openWorkerContext } from '../../workers/open-context.ts';
import { createTrainingQueue } from '../../workers/training.ts';
import { loadWorkflowBundle } from '../../workers/workflow-bundle.ts';
import { createDevServer } from './dev-server.ts';
import { SHARED_ENVIRONMENTS } from './environments.ts';
import { createTestDatabase } from './postgres.ts';
import { tempFolder } from './temp-folder.ts';
import './quiet-temporal.ts';

/**
 * A Temporal server, a database, and the control and training workers in this process, all real and
 * of their own.
 */
export interface BuildSystem {
  readonly folder: string;
  readonly config: WindlassConfig;
  readonly context: WorkerContext;
  readonly environment: TestWorkflowEnvironment;
  /** Starts `buildAndTrain` and gives its handle. */
  start(input: BuildInput | Record<string, unknown>): Promise<BuildHandle>;
  run(input: BuildInput | Record<string, unknown>): Promise<BuildResult>;
  close(): Promise<void>;
}
export type BuildHandle = Awaited<ReturnType<WorkerContext['temporal']['workflow']['start']>>;

/**
 * `environments` is where Python environments lie; those of the other test files serve, unless
 * making one is the test.
 */
export async function createBuildSystem(environments = SHARED_ENVIRONMENTS): Promise<BuildSystem> {
  const folder = tempFolder('build');
  const [environment, database] = await Promise.all([createDevServer(), createTestDatabase()]);
  const config = loadConfig({
    cwd: folder.path,
    env: { DATABASE_URL: database.url, TEMPORAL_ADDRESS: environment.address },
    flags: { 'training.environmentsDir': environments },
  }).values;
  const context = await openWorkerContext(config, pino({ level: 'silent' }));
  const stops: (() => Promise<void>)[] = [];
  const workflowBundle = await loadWorkflowBundle(new DefaultLogger('ERROR'));
  const startWorker = async (taskQueue: string, setup: QueueSetup): Promise<void> => {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue,
      activities: setup.activities,
      interceptors: { activity: [errorInterceptor] },
      ...(taskQueue === TASK_QUEUES.control ? { workflowBundle } : {}),
      ...setup.options,
    });
    const running = worker.run();
    stops.push(async () => {
      worker.shutdown();
      await running;
      await setup.close?.();
    });
  };
  await startWorker(TASK_QUEUES.control, createControlQueue(context));
  await startWorker(TASK_QUEUES.training, await createTrainingQueue(context));
  let runs = 0;
  const start: BuildSystem['start'] = (input) =>
    context.temporal.workflow.start(WORKFLOWS.buildAndTrain, {
      taskQueue: TASK_QUEUES.control,
      workflowId: `build-${(runs += 1)}`,
      args: [input],
    });
  return {
    folder: folder.path,
    config,
    context,
    environment,
    start,
    run: async (input) => (await (await start(input)).result()) as BuildResult,
    close: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await context.close();
      await environment.teardown();
      await database.drop();
      folder.remove();
    },
  };
}
