import pino, { type Logger } from 'pino';

/**
 * A JSON logger on stdout; secrets in well-known fields are removed. `mixin` adds fields to every
 * line, e.g. workflow ids.
 */
export function createLogger(options: {
  name: string;
  level: string;
  mixin?: () => Record<string, unknown>;
}): Logger {
  return pino({
    level: options.level,
    mixin: options.mixin,
    redact: ['*.connectionString', '*.password', '*.sharedAccessKey', 'connectionString', 'password'],
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { pid: process.pid, part: options.name },
  });
}
