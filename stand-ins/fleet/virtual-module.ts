import { join } from 'node:path';
import { pause } from '../../src/base/deadline.ts';
import { openEntry, type EntryHost } from '../../edge/entry-host.ts';
import { HubClient, type HubClientOptions } from '../../edge/hub-client.ts';
import type { CalibrationStore } from '../../edge/calibration-store.ts';
import type { Log } from '../../edge/log.ts';
import { EXIT, ModuleFault } from '../../edge/module-fault.ts';
import { messageOf } from '../../src/base/error-message.ts';
import type { StoreAndForward } from '../../edge/queue.ts';
import { deliverDesired, Scorer, type Row, type Totals } from '../../edge/scorer.ts';
import type { DeviceFaults } from './device-faults.ts';
import type { ModelPool, PooledModel } from './model-pool.ts';

export interface VirtualModuleOptions {
  readonly device: string;
  readonly image: string;
  /** Unpacked image: `windlass/model`, `windlass/entry`. */
  readonly folder: string;
  readonly stride: number;
  readonly pool: ModelPool;
  readonly queue: StoreAndForward;
  readonly calibrations: CalibrationStore;
  readonly faults: DeviceFaults;
  /**
   * The pump's commissioning record: its first rows in good order, in the columns that the model
   * names.
   */
  readonly commissioning: (rows: number, columns: readonly string[]) => Row[];
  readonly hub: Pick<HubClientOptions, 'createClient' | 'connection'>;
  readonly online: () => boolean;
  readonly log: Log;
  /** The module has ended by itself. */
  readonly onExit: (exitCode: number, message: string) => void;
}

/** The edge module's own code in this process: one per device, as a container would run it. */
export class VirtualModule {
  readonly #options: VirtualModuleOptions;
  readonly #stopping = new AbortController();
  #pooled: PooledModel | undefined;
  #scorer: Scorer | undefined;
  #hub: HubClient | undefined;
  #started: Promise<void> = Promise.resolve();

  constructor(options: VirtualModuleOptions) {
    this.#options = options;
  }

  get scorer(): Scorer | undefined {
    return this.#scorer;
  }

  get model(): { name: string; version: string; digest: string } | null {
    return this.#scorer?.attestation().model ?? null;
  }

  /** Columns in the order in which `ingest` wants them; undefined until the module has started. */
  get columns(): readonly string[] | undefined {
    return this.#pooled?.model.manifest.columns.map((c) => c.name);
  }

  /** Starts like a process: what goes wrong later comes through `onExit`. */
  start(): void {
    this.#started = this.#start().catch((error: unknown) => this.#crash(error));
  }

  ingest(rows: readonly Row[]): Promise<Totals | undefined> {
    const scorer = this.#scorer;
    if (!scorer) return Promise.resolve(undefined);
    return scorer.ingest(rows).catch((error: unknown) => {
      this.#crash(error);
      return undefined;
    });
  }

  async setOnline(online: boolean): Promise<void> {
    if (online) this.#hub?.start();
    else await this.#hub?.stop();
  }

  /** Forgets the calibration and commissions the device again from these rows. */
  async recommission(rows: (count: number) => readonly Row[]): Promise<void> {
    const scorer = this.#scorer;
    const count = this.#pooled?.model.manifest.calibration.rows;
    if (!scorer || count === undefined) return;
    await scorer.recommission();
    await this.ingest(rows(count));
  }

  /** Ends the module, cleanly (its summary so far is kept) or as a crash. */
  async stop(clean = true): Promise<void> {
    this.#stopping.abort();
    await this.#started;
    const [scorer, pooled, hub] = [this.#scorer, this.#pooled, this.#hub];
    this.#scorer = this.#pooled = this.#hub = undefined;
    if (clean) await scorer?.stop();
    await hub?.stop();
    await pooled?.release();
  }

  async #start(): Promise<void> {
    const { faults, image, folder, device, stride, queue, calibrations, log } = this.#options;
    const slow = faults.acting('slow-start', image);
    if (slow) await pause(slow.startSeconds * 1000, this.#stopping.signal);
    if (this.#stopping.signal.aborted) return;
    const root = join(folder, 'windlass');
    const pooled = await this.#options.pool.acquire(root);
    this.#pooled = pooled;
    const { model } = pooled;
    const assets = join(root, 'entry');
    const entry = await openEntry({ path: join(assets, 'entry.js'), assets, model, log });
    if (this.#stopping.signal.aborted) return;
    const scorer = new Scorer({
      device,
      image,
      stride,
      queue,
      calibrations,
      model,
      log,
      entry: this.#withFaults(entry),
      onChange: () => void this.#hub?.attest(),
    });
    const { calibration, columns } = model.manifest;
    if (scorer.state === 'calibrating')
      await scorer.ingest(
        this.#options.commissioning(
          calibration.rows,
          columns.map((c) => c.name),
        ),
      );

    this.#scorer = scorer;
    this.#hub = new HubClient({
      ...this.#options.hub,
      device,
      queue,
      log,
      attestation: () => scorer.attestation(),
      onDesired: (desired) => deliverDesired(scorer, desired),
    });
    if (this.#options.online()) this.#hub.start();
  }

  #withFaults(entry: EntryHost): EntryHost {
    let windows = 0;
    return {
      run: (data) => {
        const fault = this.#options.faults.acting('crash-loop', this.#options.image);
        windows += 1;
        if (fault && windows > fault.afterWindows)
          return Promise.reject(
            new ModuleFault(EXIT.entryRun, 'run of the entry script threw out of memory'),
          );
        return entry.run(data);
      },
    };
  }

  #crash(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    const exitCode = error instanceof ModuleFault ? error.exitCode : 1;
    this.#options.onExit(exitCode, messageOf(error));
  }
}
