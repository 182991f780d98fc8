import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { Logger } from 'pino';
import { errorInterceptor } from '../activities/shared/error-interceptor.ts';
import type { WindlassConfig } from '../src/config/schema.ts';
import type { TaskQueueName } from '../src/contracts/names.ts';
import { WindlassError } from '../src/errors/windlass-error.ts';
import type { RunningChild } from '../src/local-system/child-main.ts';
import { freePort } from '../src/local-system/ports.ts';
import { prepareTemporal } from '../src/local-system/temporal-server.ts';
import { waitFor } from '../src/base/wait-for.ts';
import type { QueueSetup, WorkerContext } from './context.ts';
import { serveMetrics } from './metrics.ts';
import { openWorkerContext } from './open-context.ts';
import { temporalAddress } from '../src/composition/open-platform.ts';
import { installRuntime, temporalLogger } from './runtime.ts';
import { loadWorkflowBundle } from './workflow-bundle.ts';
import { messageOf } from '../src/base/error-message.ts';

type CreateQueue = (context: WorkerContext) => QueueSetup | Promise<QueueSetup>;

/** Only what a process serves is loaded: a fleet worker has no use for DuckDB. */
const QUEUES: Readonly<Record<TaskQueueName, () => Promise<CreateQueue>>> = {
  control: async () => (await import('./control.ts')).createControlQueue,
  training: async () => (await import('./training.ts')).createTrainingQueue,
  packaging: async () => (await import('./packaging.ts')).createPackagingQueue,
  fleet: async () => (await import('./fleet.ts')).createFleetQueue,
  monitoring: async () => (await import('./monitoring.ts')).createMonitoringQueue,
  profiling: async () => (await import('./profiling.ts')).createProfilingQueue,
};

/**
 * Running activities may finish this long after SIGTERM; then they are cancelled, and Temporal
 * gives them to another worker.
 */
const DRAIN = '10 seconds';
const FORCE = '20 seconds';

async function bundle(queues: readonly TaskQueueName[], logger: Logger): Promise<WorkflowBundle | undefined> {
  if (!queues.includes('control')) return undefined;
  const quiet = logger.child({}, { level: 'warn' }); // the bundler lists every file at level info
  return loadWorkflowBundle(temporalLogger(quiet));
}

async function connect(address: string): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ address });
  } catch (error) {
    const reason = messageOf(error);
    throw new WindlassError('TEMPORAL_UNAVAILABLE', `Temporal at ${address} does not answer: ${reason}`, {
      cause: error,
    });
  }
}

/**
 * Things that were opened, closed in reverse order; one that fails to close does not keep the
 * others open.
 */
class Opened {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: (() => Promise<void>) | undefined): void {
    if (close !== undefined) this.#closers.unshift(close);
  }

  async close(logger: Logger): Promise<void> {
    for (const close of this.#closers.splice(0))
      try {
        await close();
      } catch (error) {
        logger.warn({ err: error }, 'something did not close cleanly');
      }
  }
}

async function startMetrics(config: WindlassConfig, opened: Opened): Promise<string | undefined> {
  const { metricsPort, metricsHost } = config.worker;
  if (metricsPort === undefined) return undefined;
  const temporal = `127.0.0.1:${await freePort()}`;
  const server = await serveMetrics({ host: metricsHost, port: metricsPort }, temporal);
  opened.add(() => server.close());
  return temporal;
}

async function createWorkers(
  context: WorkerContext,
  opened: Opened,
): Promise<{ worker: Worker; queue: TaskQueueName }[]> {
  const { config, logger } = context;
  const { queues } = config.worker;
  const workflowBundle = await bundle(queues, logger);
  const connection = await connect(temporalAddress(config));
  opened.add(() => connection.close());
  const workers: { worker: Worker; queue: TaskQueueName }[] = [];
  for (const queue of queues) {
    const create = await QUEUES[queue]();
    const setup = await create({ ...context, logger: logger.child({ queue }) });
    opened.add(setup.close);
    const worker = await Worker.create({
      connection,
      namespace: config.temporal.namespace,
      taskQueue: setup.taskQueue ?? queue,
      activities: setup.activities,
      workflowBundle: queue === 'control' ? workflowBundle : undefined,
      interceptors: { activity: [errorInterceptor] },
      shutdownGraceTime: DRAIN,
      shutdownForceTime: FORCE,
      ...setup.options,
    });
    workers.push({ worker, queue });
  }
  return workers;
}

/**
 * Serves the task queues that the configuration names, one Temporal Worker each, in this process.
 * `stop` drains them. Throws what opening the context throws, and PORT_IN_USE for the metrics
 * endpoint.
 */
export async function startWorkers(config: WindlassConfig, logger: Logger): Promise<RunningChild> {
  const opened = new Opened();
  try {
    installRuntime(logger, await startMetrics(config, opened));
    // Workflows set search attributes; a server that nobody prepared would refuse each of their
    // steps.
    if (config.worker.queues.includes('control'))
      await prepareTemporal(temporalAddress(config), config.temporal.namespace);
    const context = await openWorkerContext(config, logger);
    opened.add(() => context.close());
    const workers = await createWorkers(context, opened);
    let failure: Error | undefined;
    const shutdown = (): void => {
      for (const { worker } of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    const runs = workers.map(({ worker, queue }) =>
      worker.run().catch((error: unknown) => {
        logger.error({ err: error, queue }, 'the worker failed');
        failure ??= error instanceof Error ? error : new Error(String(error));
        shutdown(); // a process that serves only some of its queues would look healthy
      }),
    );
    const ended = Promise.all(runs).then(() => {
      if (failure !== undefined) throw failure;
    });
    ended.catch(() => undefined);
    await waitFor(
      () => failure !== undefined || workers.every(({ worker }) => worker.getState() === 'RUNNING'),
      {
        timeoutMs: 30_000,
        everyMs: 20,
      },
    );
    logger.info({ queues: config.worker.queues }, 'worker is polling');
    return {
      ready: { queues: config.worker.queues },
      done: ended,
      stop: async () => {
        logger.info('draining');
        shutdown();
        await ended.catch(() => undefined);
        await opened.close(logger);
      },
    };
  } catch (error) {
    await opened.close(logger);
    throw error;
  }
}
