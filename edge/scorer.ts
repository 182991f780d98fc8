import type { Attestation } from '../src/contracts/fleet.ts';
import type { WindowSummary } from '../src/contracts/window-summary.ts';
import {
  calibrationInputs,
  Calibrator,
  type CalibrationInputs,
  type FittedCalibration,
} from './calibration.ts';
import { calibrationKey, type CalibrationStore } from './calibration-store.ts';
import type { EntryHost, EntryResult } from './entry-host.ts';
import type { Log } from './log.ts';
import type { EdgeModel } from './model.ts';
import { messageOf } from './module-fault.ts';
import { PRIORITY, type StoreAndForward } from './queue.ts';
import { SummaryBuilder } from './summary.ts';
import { WindowBuffer } from './windows.ts';

/** One reading of all columns, in the order of the model's manifest; null and NaN are missing. */
export interface Row {
  /** Device time, ISO 8601. */
  readonly time: string;
  readonly values: ArrayLike<number | null>;
}

export interface ScorerOptions {
  readonly device: string;
  /** Reference of the image that this runs in, for the attestation. */
  readonly image: string;
  readonly model: EdgeModel;
  readonly entry: EntryHost;
  readonly calibrations: CalibrationStore;
  readonly queue: StoreAndForward;
  /** Rows between two scored windows. */
  readonly stride: number;
  readonly log: Log;
  readonly now?: () => Date;
  /** Called when the attestation has changed. */
  readonly onChange?: () => void;
}

export interface Totals {
  rows: number;
  scored: number;
  invalid: number;
  alarms: number;
  summaries: number;
}

/** One device's stream through calibration, windows, the entry script and summaries. */
export class Scorer {
  readonly #options: ScorerOptions;
  readonly #key: string;
  readonly #buffer: WindowBuffer;
  readonly #builder: SummaryBuilder;
  readonly #startedAt: string;
  readonly totals: Totals = { rows: 0, scored: 0, invalid: 0, alarms: 0, summaries: 0 };
  #calibration: FittedCalibration | undefined;
  #inputs: CalibrationInputs | undefined;
  #calibrator: Calibrator;
  #last: Promise<unknown> = Promise.resolve();
  #stored: Promise<unknown> = Promise.resolve();

  constructor(options: ScorerOptions) {
    const { manifest, baseline } = options.model;
    const columns = manifest.columns.length;
    this.#options = options;
    this.#key = calibrationKey(manifest);
    this.#use(options.calibrations.find(options.device, this.#key));
    this.#calibrator = new Calibrator(columns, manifest.calibration.rows);
    this.#buffer = new WindowBuffer({ columns, window: manifest.window, stride: options.stride });
    this.#builder = new SummaryBuilder(manifest, baseline);
    this.#startedAt = (options.now?.() ?? new Date()).toISOString();
  }

  /** What the model is given beside a window; undefined until the device is calibrated. */
  get inputs(): CalibrationInputs | undefined {
    return this.#inputs;
  }

  get state(): Attestation['state'] {
    if (this.#options.model.refusal !== null) return 'failed';
    return this.#calibration ? 'scoring' : 'calibrating';
  }

  attestation(): Attestation {
    const { model, image, queue, device } = this.#options;
    return {
      state: this.state,
      model: { name: model.manifest.name, version: model.manifest.version, digest: model.digest },
      image,
      golden: model.golden,
      calibration: this.#calibration
        ? { state: 'fitted', rows: this.#calibration.rows }
        : { state: 'missing', rows: this.#calibrator.rows },
      startedAt: this.#startedAt,
      queue: { waiting: queue.stats(device).waiting },
    };
  }

  /**
   * Takes rows in order; calls are done one after the other. Rejects with a ModuleFault when the entry script fails, which
   * ends the module. A model that must not score takes no rows.
   */
  ingest(rows: readonly Row[]): Promise<Totals> {
    const next = this.#last.then(async () => {
      for (const row of rows) await this.#take(row);
      return { ...this.totals };
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Forgets the calibration: the next rows commission the device again. */
  recommission(): Promise<void> {
    const next = this.#last.then(() => {
      this.#options.calibrations.forget(this.#options.device);
      this.#use(undefined);
      const { manifest } = this.#options.model;
      this.#calibrator = new Calibrator(manifest.columns.length, manifest.calibration.rows);
      this.#options.onChange?.();
    });
    this.#last = next;
    return next;
  }

  /** Queues what has been added up so far, so that a clean stop loses nothing. */
  async stop(): Promise<void> {
    await this.#last;
    if (this.#builder.windows > 0) this.#storeSummary();
    await this.#stored;
  }

  async #take(row: Row): Promise<void> {
    if (this.#options.model.refusal !== null) return;
    this.totals.rows += 1;
    const calibration = this.#calibration;
    const inputs = this.#inputs;
    if (!calibration || !inputs) {
      this.#buffer.push(row.values, false);
      this.#calibrate(row);
      return;
    }
    this.#builder.addRow(row.time, row.values, calibration);
    const window = this.#buffer.push(row.values, true);
    if (!window) return;
    const began = performance.now();
    const result = await this.#options.entry.run({ window, calibration: inputs, endTime: row.time });
    this.#count(result, performance.now() - began);
    if (this.#builder.windows >= this.#options.model.manifest.windowsPerSummary) {
      this.#storeSummary(); // scoring does not wait for the disk
    }
  }

  #calibrate(row: Row): void {
    const fitted = this.#calibrator.push(row.values);
    if (!fitted) return;
    this.#options.calibrations.save(this.#options.device, this.#key, fitted);
    this.#use(fitted);
    this.#options.log.info('calibration fitted', { rows: fitted.rows });
    this.#options.onChange?.();
  }

  #use(calibration: FittedCalibration | undefined): void {
    const { manifest } = this.#options.model;
    const { mean, std } = manifest.calibration;
    this.#calibration = calibration;
    this.#inputs =
      calibration && calibrationInputs(manifest, { [mean]: calibration.mean, [std]: calibration.std });
  }

  #count(result: EntryResult, latencyMs: number): void {
    this.#builder.addResult(result, latencyMs);
    if ('invalid' in result) this.totals.invalid += 1;
    else {
      this.totals.scored += 1;
      if (result.alarm) this.totals.alarms += 1;
    }
  }

  #storeSummary(): void {
    this.#stored = Promise.all([this.#stored, this.#queueSummary()]).catch((error: unknown) => {
      this.#options.log.error('a window summary could not be stored', { error: messageOf(error) });
    });
  }

  #queueSummary(): Promise<number> {
    const { device, model, queue } = this.#options;
    const { name, version } = model.manifest;
    const body = this.#builder.take();
    this.totals.summaries += 1;
    return queue.append({
      device,
      model: model.digest,
      schema: 'windlass.window/1',
      priority: PRIORITY.summary,
      body: (seq): WindowSummary => ({
        schema: 'windlass.window/1',
        device,
        model: { name, version, digest: model.digest },
        baseline: model.baselineDigest,
        seq,
        ...body,
      }),
    });
  }
}
