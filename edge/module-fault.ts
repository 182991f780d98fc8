/** Exit codes of the module's process: what the device's agent reports as `exitCode`. */
export const EXIT = {
  config: 2,
  model: 10,
  entryMissing: 11,
  entryInit: 12,
  entryRun: 13,
  entryTimeout: 14,
  entryResult: 15,
} as const;

/**
 * Thrown when the module cannot go on: its process (or virtual module) ends with this exit code.
 */
export class ModuleFault extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ModuleFault';
    this.exitCode = exitCode;
  }
}
