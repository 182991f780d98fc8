import { pause } from '../../src/base/deadline.ts';
import type { Log } from '../../edge/log.ts';
import type { ModuleRuntime } from './agent-report.ts';
import type { Installed } from './fleet-state.ts';
import { afterExit, coolOffSeconds, RESTART_POLICY } from './restart-policy.ts';
import type { VirtualModule } from './virtual-module.ts';

export type CreateModule = (
  installed: Installed,
  onExit: (exitCode: number, message: string) => void,
) => VirtualModule;

export interface SupervisorOptions {
  readonly device: string;
  readonly installed: Installed | null;
  readonly save: (installed: Installed | null) => void;
  readonly createModule: CreateModule;
  /** Device seconds per second. */
  readonly timeScale: number;
  readonly ending: AbortSignal;
  readonly onChange: () => void;
  readonly log: Log;
}

const CREATED: ModuleRuntime = {
  status: 'stopped',
  exitCode: 0,
  description: 'created',
  lastStartTimeUtc: null,
  lastExitTimeUtc: null,
  lastRestartTimeUtc: null,
};

/**
 * The device's container engine and restart policy for the one module: what is created, what runs,
 * and what it ended with.
 */
export class ModuleSupervisor {
  readonly #options: SupervisorOptions;
  #installed: Installed | null;
  #module: VirtualModule | undefined;
  #runtime: ModuleRuntime = CREATED;
  #care: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#installed = options.installed;
  }

  get installed(): Installed | null {
    return this.#installed;
  }

  get module(): VirtualModule | undefined {
    return this.#module;
  }

  get runtime(): ModuleRuntime {
    return this.#runtime;
  }

  /** Replaces whatever there is by a new module, not yet started. */
  async create(installed: Installed): Promise<void> {
    await this.remove();
    this.#set(installed);
  }

  async remove(): Promise<void> {
    await this.halt();
    this.#runtime = CREATED;
    if (this.#installed) this.#set(null);
  }

  /** Stops the module cleanly and keeps it. */
  async halt(): Promise<void> {
    const module = this.#module;
    this.#module = undefined;
    clearTimeout(this.#care);
    await module?.stop();
    if (module) this.#runtime = { ...this.#runtime, status: 'stopped', description: 'stopped' };
  }

  run(restart = false): void {
    const installed = this.#installed;
    if (!installed) return;
    const module = this.#options.createModule(installed, (exitCode, message) => {
      void this.#exited(module, exitCode, message);
    });
    this.#module = module;
    const time = new Date().toISOString();
    this.#runtime = {
      ...this.#runtime,
      status: 'running',
      description: 'running',
      exitCode: 0,
      lastStartTimeUtc: time,
      lastRestartTimeUtc: restart ? time : this.#runtime.lastRestartTimeUtc,
    };
    clearTimeout(this.#care);
    this.#care = setTimeout(() => this.#setRestarts(0), this.#scaled(RESTART_POLICY.intensiveCareSeconds));
    module.start();
    this.#options.onChange();
  }

  async #exited(module: VirtualModule, exitCode: number, message: string): Promise<void> {
    if (this.#module !== module) return;
    clearTimeout(this.#care);
    const { log, device, ending, onChange } = this.#options;
    log.info('module ended', { device, exitCode, message });
    const policy = String(this.#installed?.config['restartPolicy'] ?? 'always');
    const count = this.#installed?.restartCount ?? 0;
    const status = afterExit(policy, count);
    const description = `exited (${exitCode}): ${message}`.slice(0, 500);
    const lastExitTimeUtc = new Date().toISOString();
    this.#runtime = { ...this.#runtime, status, exitCode, description, lastExitTimeUtc };
    onChange();
    await module.stop(false);
    if (status !== 'backoff') return;
    await pause(this.#scaled(coolOffSeconds(count)), ending);
    // A new deployment may have replaced it meanwhile.
    if (ending.aborted || this.#module !== module) return;
    this.#setRestarts(count + 1);
    this.run(true);
  }

  #setRestarts(restartCount: number): void {
    if (!this.#installed || this.#installed.restartCount === restartCount) return;
    this.#set({ ...this.#installed, restartCount });
    this.#options.onChange();
  }

  #set(installed: Installed | null): void {
    this.#installed = installed;
    this.#options.save(installed);
  }

  #scaled(seconds: number): number {
    return (seconds * 1000) / this.#options.timeScale;
  }
}
