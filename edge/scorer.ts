import { CALIBRATION_KEY } from '../src/contracts/device/calibration.ts';
import type { Attestation } from '../src/contracts/device/attestation.ts';
import type { WindowSummary } from '../src/contracts/device/window-summary.ts';
import type { CalibrationInputs } from './calibration.ts';
import { tolerant, type CalibrationStore } from './calibration-store.ts';
import { DeviceCalibration } from './device-calibration.ts';
import type { EntryHost, EntryResult } from './entry-host.ts';
import type { Log } from './log.ts';
import type { EdgeModel } from './model.ts';
import { messageOf } from '../src/base/error-message.ts';
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

/**
 * Gives a scorer the calibration among the desired properties, when there is one that it does not
 * have yet.
 */
export function deliverDesired(scorer: Scorer, desired: Readonly<Record<string, unknown>>): void {
  const document = desired[CALIBRATION_KEY];
  if (typeof document !== 'object' || document === null) return;
  const { id } = scorer.attestation().calibration;
  if (id === undefined || !('id' in document) || document.id !== id) void scorer.deliver(document);
}

/** One device's stream through calibration, windows, the entry script and summaries. */
export class Scorer {
  readonly #options: ScorerOptions;
  readonly #calibration: DeviceCalibration;
  readonly #buffer: WindowBuffer;
  readonly #builder: SummaryBuilder;
  readonly #startedAt: string;
  readonly totals: Totals = { rows: 0, scored: 0, invalid: 0, alarms: 0, summaries: 0 };
  #last: Promise<unknown> = Promise.resolve();
  #stored: Promise<unknown> = Promise.resolve();

  constructor(options: ScorerOptions) {
    const { manifest, baseline } = options.model;
    const columns = manifest.columns.length;
    this.#options = options;
    const calibrations = tolerant(options.calibrations, (error) =>
      options.log.error('a calibration could not be kept over a restart', { error: messageOf(error) }),
    );
    this.#calibration = new DeviceCalibration(options.device, options.model, calibrations);
    this.#buffer = new WindowBuffer({ columns, window: manifest.window, stride: options.stride });
    this.#builder = new SummaryBuilder(manifest, baseline);
    this.#startedAt = (options.now?.() ?? new Date()).toISOString();
  }

  /** What the model is given beside a window; undefined until the device is calibrated. */
  get inputs(): CalibrationInputs | undefined {
    return this.#calibration.active?.inputs;
  }

  get state(): Attestation['state'] {
    if (this.#options.model.refusal !== null) return 'failed';
    return this.#calibration.state;
  }

  attestation(): Attestation {
    const { model, image, queue, device } = this.#options;
    return {
      state: this.state,
      model: { name: model.manifest.name, version: model.manifest.version, digest: model.digest },
      image,
      golden: model.golden,
      calibration: this.#calibration.attestation(),
      startedAt: this.#startedAt,
      queue: { waiting: queue.stats(device).waiting },
    };
  }

  /**
   * Takes rows in order; calls are done one after the other. Rejects with a ModuleFault when the
   * entry script fails, which ends the module. A model that must not score takes no rows.
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
      this.#calibration.forget();
      this.#options.onChange?.();
    });
    this.#last = next;
    return next;
  }

  /**
   * Takes a calibration that was delivered, between two calls of `ingest`; gives why it is refused,
   * else it is in use.
   */
  deliver(document: unknown): Promise<string | undefined> {
    const { log, onChange } = this.#options;
    const next = this.#last.then(() => {
      const problem = this.#calibration.deliver(document);
      if (problem === undefined) log.info('calibration delivered', this.#calibration.attestation());
      else log.warn('the delivered calibration is refused', { problem });
      onChange?.();
      return problem;
    });
    this.#last = next.catch(() => undefined);
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
    const calibration = this.#calibration.active;
    if (!calibration) {
      this.#buffer.push(row.values, false);
      this.#calibrate(row);
      return;
    }
    this.#builder.addRow(row.time, row.values, calibration);
    const window = this.#buffer.push(row.values, true);
    if (!window) return;
    const began = performance.now();
    const result = await this.#options.entry.run({
      window,
      calibration: calibration.inputs,
      endTime: row.time,
    });
    this.#count(result, performance.now() - began);
    // Scoring does not wait for the disk.
    if (this.#builder.windows >= this.#options.model.manifest.windowsPerSummary) this.#storeSummary();
  }

  #calibrate(row: Row): void {
    if (!this.#calibration.push(row.values)) return;
    if (!this.#options.model.manifest.calibration.overlap) this.#buffer.clear();
    this.#options.log.info('calibration fitted', this.#calibration.attestation());
    this.#options.onChange?.();
  }

  #count(result: EntryResult, latencyMs: number): void {
    this.#builder.addResult(result, latencyMs);
    if ('invalid' in result) {
      this.totals.invalid += 1;
    } else {
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
