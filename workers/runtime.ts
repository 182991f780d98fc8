import { Context } from '@temporalio/activity';
import { Runtime, type Logger as TemporalLogger, type LogLevel, type LogMetadata } from '@temporalio/worker';
import type { Logger } from 'pino';

/**
 * Fields of every log line written inside an activity: which workflow, which run, which activity,
 * which attempt.
 */
export function activityFields(): Record<string, unknown> {
  try {
    const { workflowExecution, activityType, activityId, attempt } = Context.current().info;
    const { workflowId, runId } = workflowExecution ?? {};
    return { workflowId, runId, activityType, activityId, attempt };
  } catch {
    return {}; // not inside an activity
  }
}

function pinoLevel(level: LogLevel): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  return level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

/**
 * Temporal's logs, those of workflows and activities included, written by pino with their workflow
 * and run ids.
 */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const { error, ...rest } = (meta ?? {}) as Record<string, unknown>;
    logger[pinoLevel(level)](error === undefined ? rest : { ...rest, err: error }, message);
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

/**
 * Installs Temporal's runtime once per process: pino as its logger, its own Prometheus endpoint at
 * `metricsAddress`.
 */
export function installRuntime(logger: Logger, metricsAddress?: string): void {
  Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: [], // the main program drains the workers itself
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } },
      metrics: metricsAddress === undefined ? undefined : { prometheus: { bindAddress: metricsAddress } },
    },
  });
}
