import { pause } from '../../src/base/deadline.ts';
import { HubConnection, type HubConnectionOptions } from '../../edge/hub-connection.ts';
import type { Log } from '../../edge/log.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import { agentReport } from './agent-report.ts';
import { AgentReporter } from './agent-reporter.ts';
import {
  readDesiredConfig,
  type DesiredConfig,
  type DesiredModule,
  type DesiredStatus,
} from './desired-config.ts';
import type { DeviceFaults } from './device-faults.ts';
import type { Installed } from './fleet-state.ts';
import type { ImagePuller } from './image-puller.ts';
import { mergePatch, sameJson, type JsonObject } from './json.ts';
import { tamperedCopy } from './model-pool.ts';
import { ModuleSupervisor, type CreateModule } from './module-supervisor.ts';
import { PullError } from './pull-error.ts';
import { coolOffSeconds } from './restart-policy.ts';

export interface EdgeAgentOptions {
  readonly device: string;
  readonly platform: string;
  readonly hub: Pick<HubConnectionOptions, 'createClient' | 'gate' | 'backoffMs' | 'random'>;
  readonly puller: ImagePuller;
  readonly faults: DeviceFaults;
  /** Device seconds per second: the agent's pauses are as much shorter. */
  readonly timeScale: number;
  /** How long a new image takes over this device's link, in ms. */
  readonly pullMs: number;
  readonly online: () => boolean;
  readonly installed: Installed | null;
  readonly save: (installed: Installed | null) => void;
  readonly createModule: CreateModule;
  readonly log: Log;
}

const NO_NETWORK = 'dial tcp: lookup of the registry failed: network is unreachable';
/** Never tries a failed deployment again sooner than this, in ms. */
const MIN_RETRY_MS = 500;
const READ_RETRY_MS = 2000;

/**
 * `$edgeAgent` of one device: reads its desired properties (in full when it connects or a version
 * is missing), makes the device's module what they say, and reports. It acts on nothing but the
 * current desired state.
 */
export class EdgeAgent {
  readonly supervisor: ModuleSupervisor;
  readonly #options: EdgeAgentOptions;
  readonly #connection: HubConnection;
  readonly #reporter: AgentReporter;
  readonly #ending = new AbortController();
  readonly #startedAt = new Date().toISOString();
  #desired: JsonObject | null = null;
  #config: DesiredConfig | null = null;
  #status: DesiredStatus = { code: 417, description: 'Empty edge agent configuration received for device' };
  #applied = 0;
  #again = false;
  #reconciling: Promise<void> | undefined;
  #failures = 0;
  #wake: NodeJS.Timeout | undefined;

  constructor(options: EdgeAgentOptions) {
    const ending = this.#ending.signal;
    const { log } = options;
    this.#options = options;
    this.#reporter = new AgentReporter({ snapshot: () => this.#snapshot(), log, ending });
    this.supervisor = new ModuleSupervisor({ ...options, ending, onChange: () => this.#reporter.request() });
    this.#connection = new HubConnection({
      ...options.hub,
      log,
      onSession: (session, desired) => {
        this.#reporter.use(session);
        this.#setDesired(desired);
      },
      onDesired: (patch) => void this.#patchDesired(patch),
      onDown: () => this.#reporter.use(undefined),
    });
  }

  get online(): boolean {
    return this.#connection.online;
  }

  get status(): DesiredStatus {
    return this.#status;
  }

  /** Powers the device on: what was created before runs again, with or without a network. */
  start(): void {
    if (this.supervisor.installed?.config['status'] !== 'stopped') this.supervisor.run();
    if (this.#options.online()) this.#connection.start();
  }

  async setOnline(online: boolean): Promise<void> {
    if (online) this.#connection.start();
    await Promise.all([
      this.supervisor.module?.setOnline(online),
      online ? undefined : this.#connection.stop(),
    ]);
  }

  /** Powers the device off. */
  async stop(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#wake);
    await this.#connection.stop();
    await this.#reconciling;
    await this.supervisor.halt();
  }

  async #patchDesired(patch: Readonly<Record<string, unknown>>): Promise<void> {
    const known = Number(this.#desired?.['$version'] ?? -1);
    if (this.#desired && Number(patch['$version']) === known + 1) {
      this.#setDesired(mergePatch(this.#desired, patch));
      return;
    }
    await this.#readWhole();
  }

  /**
   * Reads the whole again because a version is missing; tries until it succeeds or the connection
   * ends.
   */
  async #readWhole(): Promise<void> {
    const session = this.#reporter.session;
    while (session && !session.signal.aborted)
      try {
        this.#setDesired(await session.readDesired());
        return;
      } catch (error) {
        this.#options.log.debug('the desired properties were not read', { error: messageOf(error) });
        await pause(READ_RETRY_MS, session.signal);
      }
  }

  #setDesired(desired: Readonly<Record<string, unknown>>): void {
    this.#desired = { ...desired };
    this.#failures = 0;
    this.#reconcile();
  }

  /** One reconciliation at a time; what comes in meanwhile makes it run once more. */
  #reconcile(): void {
    clearTimeout(this.#wake);
    this.#again = true;
    this.#reconciling ??= (async () => {
      while (this.#again && !this.#ending.signal.aborted) {
        this.#again = false;
        await this.#apply();
      }
    })().finally(() => {
      this.#reconciling = undefined;
    });
  }

  async #apply(): Promise<void> {
    if (!this.#desired) return;
    const version = Number(this.#desired['$version'] ?? 0);
    const config = readDesiredConfig(this.#desired);
    if (config.ok) this.#status = await this.#plan(config.scorer);
    else this.#status = config.status;
    this.#config = config;
    this.#applied = version;
    this.#reporter.request();
  }

  async #plan(wanted: DesiredModule | undefined): Promise<DesiredStatus> {
    const { supervisor } = this;
    try {
      const created = supervisor.installed;
      if (!wanted) await supervisor.remove();
      else if (!created || !sameJson(created.config, wanted)) await this.#create(wanted);
      else if (wanted.status === 'running' && supervisor.runtime.status === 'stopped') supervisor.run();
      this.#failures = 0;
      return { code: 200, description: '' };
    } catch (error) {
      const ms = (coolOffSeconds(this.#failures) * 1000) / this.#options.timeScale;
      this.#failures += 1;
      this.#wake = setTimeout(() => this.#reconcile(), Math.max(MIN_RETRY_MS, ms));
      const image = wanted?.settings.image;
      const description = `Could not prepare update for module ${MODULE_SLOT}: could not pull image ${image}: ${messageOf(error)}`;
      return { code: 500, description: description.slice(0, 500) };
    }
  }

  /** Pulls first: while the new image cannot be had, the old module goes on. */
  async #create(wanted: DesiredModule): Promise<void> {
    const { image } = wanted.settings;
    const { puller, faults, platform, pullMs, online, log, device } = this.#options;
    const isHere = this.supervisor.installed?.image === image;
    if (!isHere) {
      if (!online()) throw new PullError(NO_NETWORK);
      await pause(pullMs, this.#ending.signal);
      if (!online()) throw new PullError(NO_NETWORK);
      if (faults.acting('pull-failure', image))
        throw new PullError('received unexpected HTTP status: 503 Service Unavailable');
    }
    const pulled = await puller.pull(image, platform);
    const folder = faults.acting('wrong-digest', image) ? await tamperedCopy(pulled.folder) : pulled.folder;
    const { imageHash } = pulled;
    await this.supervisor.create({ image, folder, imageHash, config: wanted as JsonObject, restartCount: 0 });
    log.info('module created', { device, image });
    if (wanted.status === 'running') this.supervisor.run();
  }

  #snapshot(): JsonObject | null {
    if (!this.#config) return null;
    return agentReport({
      platform: this.#options.platform,
      startedAt: this.#startedAt,
      desiredVersion: this.#applied,
      status: this.#status,
      config: this.#config,
      installed: this.supervisor.installed,
      runtime: this.supervisor.runtime,
    });
  }
}
