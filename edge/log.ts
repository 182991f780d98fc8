export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** What the module and the entry script write their log with. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A log of JSON lines; lines below `level` are dropped. */
export function createLog(
  options: { level?: LogLevel; fields?: LogFields; write?: (line: string) => void } = {},
): Log {
  const { level = 'info', fields = {}, write = (line) => process.stdout.write(line) } = options;
  const at =
    (lineLevel: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (ORDER.indexOf(lineLevel) < ORDER.indexOf(level)) return;
      write(
        `${JSON.stringify({ time: new Date().toISOString(), level: lineLevel, msg: message, ...fields, ...more })}\n`,
      );
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log that says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
