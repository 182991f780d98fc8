import type { ModuleClient, Twin } from 'azure-iot-device';
import { ATTESTATION_KEY, type Attestation } from '../../src/contracts/device/attestation.ts';
import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import { deviceConnection, openModule, type TestHub } from './iot-hub.ts';

/** How a device takes an image: well, or as a field defect would have it. */
export type Behaviour = 'well' | 'crash-loop' | 'golden-mismatch' | 'wrong-model' | 'pull-failure' | 'never';

export interface ScriptedModel {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

export interface ScriptedFleetOptions {
  readonly hub: TestHub;
  /** The model inside an image, by the image's reference. */
  readonly modelOf: (image: string) => Promise<ScriptedModel>;
  readonly behaviour?: (deviceId: string, image: string) => Promise<Behaviour>;
}

/**
 * The smallest thing that answers a rollout over the hub's real wire: an agent and a module that do
 * as they are told.
 */
export class ScriptedDevice {
  readonly deviceId: string;
  readonly #options: ScriptedFleetOptions;
  #agent: ModuleClient | undefined;
  #scorer: ModuleClient | undefined;
  #twin: Twin | undefined;
  #image: string | null = null;
  #crashing: NodeJS.Timeout | undefined;
  #restarts = 0;
  #work: Promise<void> = Promise.resolve();
  /** Images in the order in which they were taken. */
  readonly ran: string[] = [];

  constructor(deviceId: string, options: ScriptedFleetOptions) {
    this.deviceId = deviceId;
    this.#options = options;
  }

  get image(): string | null {
    return this.#image;
  }

  async connect(): Promise<void> {
    this.#agent = await this.#open('$edgeAgent');
    const twin = await this.#agent.getTwin();
    this.#twin = twin;
    twin.on('properties.desired', () => this.#follow());
    this.#follow();
    await this.#work;
  }

  async disconnect(): Promise<void> {
    clearInterval(this.#crashing);
    await this.#work.catch(() => undefined);
    const [agent, scorer] = [this.#agent, this.#scorer];
    this.#agent = this.#scorer = this.#twin = undefined;
    await scorer?.close();
    await agent?.close();
  }

  #follow(): void {
    this.#work = this.#work.then(() => this.#apply()).catch(() => undefined);
  }

  async #apply(): Promise<void> {
    const desired = this.#twin?.properties.desired as
      { modules?: Record<string, { settings: { image: string } }> } | undefined;
    if (desired === undefined) return;
    const image = desired.modules?.[MODULE_SLOT]?.settings.image ?? null;
    const behaviour =
      image === null ? 'well' : ((await this.#options.behaviour?.(this.deviceId, image)) ?? 'well');
    if (image === this.#image || behaviour === 'never') return;
    if (behaviour === 'pull-failure') {
      await this.#report(this.#twin, {
        lastDesiredStatus: { code: 500, description: `could not pull ${image}` },
      });
      return;
    }
    clearInterval(this.#crashing);
    this.#image = image;
    this.#restarts = 0;
    if (image === null) {
      await this.#report(this.#twin, { modules: { [MODULE_SLOT]: null }, lastDesiredStatus: { code: 200 } });
      return;
    }
    this.ran.push(image);
    await this.#reportModule('running');
    if (behaviour === 'crash-loop') this.#crashing = setInterval(() => void this.#crash(), 200);
    else await this.#attest(image, behaviour);
  }

  async #crash(): Promise<void> {
    this.#restarts += 1;
    await this.#reportModule('backoff').catch(() => undefined);
  }

  async #reportModule(runtimeStatus: string): Promise<void> {
    await this.#report(this.#twin, {
      lastDesiredStatus: { code: 200, description: '' },
      modules: {
        [MODULE_SLOT]: {
          status: 'running',
          runtimeStatus,
          restartCount: this.#restarts,
          settings: { image: this.#image },
          lastStartTimeUtc: new Date().toISOString(),
        },
      },
    });
  }

  async #attest(image: string, behaviour: Behaviour): Promise<void> {
    const model = await this.#options.modelOf(image);
    const digest = behaviour === 'wrong-model' ? `sha256:${'f'.repeat(64)}` : model.digest;
    const match = behaviour !== 'golden-mismatch';
    const attestation: Attestation = {
      state: 'scoring',
      model: { ...model, digest },
      image,
      golden: { rows: 64, maxAbsDiff: match ? 1e-7 : 0.4, match },
      calibration: { state: 'fitted', rows: 400 },
      startedAt: new Date().toISOString(),
    };
    this.#scorer ??= await this.#open(MODULE_SLOT);
    await this.#report(await this.#scorer.getTwin(), { [ATTESTATION_KEY]: attestation });
  }

  async #open(moduleId: string): Promise<ModuleClient> {
    const { hub, registry } = this.#options.hub;
    const { deviceId } = this;
    const identity = (await registry.getModule(deviceId, moduleId)).responseBody;
    const key = identity.authentication?.symmetricKey?.primaryKey ?? '';
    return openModule(hub, deviceConnection(hub, { deviceId, moduleId, key }));
  }

  async #report(twin: Twin | undefined, patch: object): Promise<void> {
    if (twin === undefined) return;
    await new Promise<void>((resolve, reject) => {
      twin.properties.reported.update(patch, (error?: Error) => (error ? reject(error) : resolve()));
    });
  }
}
