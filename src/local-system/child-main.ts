import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { loadConfig } from '../config/load-config.ts';
import type { WindlassConfig } from '../config/schema.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { createLogger } from '../composition/logger.ts';
import { messageOf } from '../base/error-message.ts';

export interface RunningChild {
  /** Told to the parent in the line `{"ready":true,…}`. */
  readonly ready?: Record<string, unknown>;
  /** Settles when the work ended by itself; a rejection ends the process with an error. */
  readonly done?: Promise<void>;
  stop(): Promise<void>;
}

interface ChildOptions {
  readonly name: string;
  /** Flags of the command line, each the value of one setting: flag → dotted name. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly mixin?: () => Record<string, unknown>;
  readonly start: (config: WindlassConfig, logger: Logger) => Promise<RunningChild>;
}

function asError(error: unknown): WindlassError {
  if (error instanceof WindlassError) return error;
  const message = messageOf(error);
  return new WindlassError('INTERNAL', message, { cause: error });
}

function readFlags(flags: Readonly<Record<string, string>>): Record<string, unknown> {
  try {
    const { values } = parseArgs({
      options: Object.fromEntries(
        [...Object.keys(flags), 'config'].map((f) => [f, { type: 'string' as const }]),
      ),
    });
    return values;
  } catch (error) {
    throw new WindlassError('INPUT_INVALID', messageOf(error));
  }
}

/**
 * The main program of a child of the system (worker, API): reads the configuration, starts, prints
 * its ready line, and stops cleanly on SIGTERM or SIGINT. An error is printed as `{"error":{…}}` on
 * stdout, and the exit code is the error table's.
 */
export async function childMain(options: ChildOptions): Promise<void> {
  let running: RunningChild | undefined;
  let logger: Logger | undefined;
  const finish = async (error?: unknown): Promise<never> => {
    try {
      await running?.stop();
    } catch (stopError) {
      logger?.error({ err: stopError }, 'could not stop cleanly');
    }
    if (error === undefined) process.exit(0);
    const failure = asError(error);
    logger?.error({ err: error }, failure.message);
    process.stdout.write(`${JSON.stringify({ error: failure.toBody() })}\n`, () =>
      process.exit(failure.exitCode),
    );
    return new Promise<never>(() => undefined);
  };
  // Signals that come while the start is under way end it as soon as it is through.
  let stopAsked = false;
  const onSignal = (): void => {
    if (stopAsked) return;
    stopAsked = true;
    if (running !== undefined) void finish();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  try {
    const { config: configFile, ...given } = readFlags(options.flags ?? {});
    const flags = Object.fromEntries(
      Object.entries(given).map(([flag, value]) => [options.flags?.[flag] ?? flag, value]),
    );
    const { values } = loadConfig({
      flags,
      configFile: typeof configFile === 'string' ? configFile : undefined,
    });
    logger = createLogger({ name: options.name, level: values.log.level, mixin: options.mixin });
    running = await options.start(values, logger);
    if (stopAsked) await finish();
    process.stdout.write(`${JSON.stringify({ ready: true, ...running.ready })}\n`);
    await running.done;
    if (running.done !== undefined && !stopAsked) await finish();
  } catch (error) {
    await finish(error);
  }
}
