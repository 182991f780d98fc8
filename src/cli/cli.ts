import type { Command } from 'commander';
import type { LoadedConfig } from '../config/load-config.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import type { StartOptions, System, ServiceProgress } from '../local-system/system-types.ts';
import type { Output } from './shared/output.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
  readonly config?: string;
  readonly stateDir?: string;
  readonly set?: readonly string[];
}

/**
 * What every command is given: output, configuration, interruption, and the system to work with.
 */
export class Cli {
  output: Output;
  readonly #interrupt = new AbortController();
  readonly #program: Command;
  readonly #systems: System[] = [];

  constructor(program: Command, output: Output) {
    this.#program = program;
    this.output = output;
  }

  /** Aborts on Ctrl-C (SIGINT), SIGTERM and SIGHUP. */
  get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  interrupt(reason: string): void {
    this.#interrupt.abort(new WindlassError('CANCELLED', `Interrupted by ${reason}.`));
  }

  /**
   * Reads the configuration; `flags` are settings that the command has as options of its own, by
   * dotted name.
   */
  async config(flags: Readonly<Record<string, unknown>> = {}): Promise<LoadedConfig> {
    const { loadConfig } = await import('../config/load-config.ts');
    const options = this.#program.opts<GlobalOptions>();
    const assigned = Object.fromEntries((options.set ?? []).map(parseAssignment));
    return loadConfig({
      flags: {
        ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
        ...assigned,
        ...flags,
      },
      configFile: options.config,
    });
  }

  /**
   * The running system if it has what is needed, otherwise one that is started now and stopped when
   * the command ends. Its `config` has every address filled in.
   */
  async system(config: LoadedConfig['values'], options: StartOptions): Promise<System> {
    const { attachOrStart } = await import('../local-system/system.ts');
    const system = await attachOrStart(config, this.startOptions(options));
    this.#systems.push(system);
    return system;
  }

  /** Options that show the progress of services on the output, and stop on interruption. */
  startOptions(options: StartOptions): StartOptions {
    return { signal: this.signal, onProgress: (progress) => this.#show(progress), ...options };
  }

  /** Stops what the command started. */
  async close(): Promise<void> {
    for (const system of this.#systems.splice(0).toReversed()) await system.stop();
    this.output.clearStatus();
  }

  #show({ service, state, message, seconds }: ServiceProgress): void {
    const { output } = this;
    const c = output.colors;
    const name = service.padEnd(8);
    switch (state) {
      case 'starting':
        output.status(`starting ${service}${message === '' ? '' : `: ${message}`}`);
        break;
      case 'ready':
        output.note(
          `${c.green('✓')} ${name} ${message}${seconds === undefined ? '' : c.dim(`  ${seconds.toFixed(1)} s`)}`,
        );
        break;
      case 'waiting':
        output.status(`waiting ${message}`);
        break;
      case 'warning':
        output.warn(`! ${name} ${message}`);
        break;
      case 'stopping':
        output.status(`stopping ${service}`);
        break;
      case 'stopped':
        output.note(`${c.dim('·')} ${name} stopped`);
    }
  }
}

function parseAssignment(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new WindlassError('INPUT_INVALID', `--set ${text} is not an assignment.`, {
    hint: 'Write --set NAME=VALUE, e.g. --set temporal.port=7300; `windlass config show` lists the names.',
  });
}
