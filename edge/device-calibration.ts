import { fittedTime, type CalibrationDocument } from '../src/contracts/device/calibration.ts';
import type { Attestation } from '../src/contracts/device/attestation.ts';
import { readCalibration } from './calibration-document.ts';
import { calibrationKey, type CalibrationStore } from './calibration-store.ts';
import { calibrationInputs, Calibrator, type CalibrationInputs, type MeanStd } from './calibration.ts';
import type { EdgeModel } from './model.ts';

/** A calibration in use. */
export interface ActiveCalibration extends MeanStd {
  readonly inputs: CalibrationInputs;
  /** Rows it was fitted on. */
  readonly rows: number;
  /** Name of a delivered one; absent: the device fitted it itself. */
  readonly id?: string;
  /** When a delivered one was fitted. */
  readonly fittedAt?: string | undefined;
}

/**
 * What one device knows of its calibration: delivered by the platform, or fitted by itself where
 * the model's fit is built in. A delivered one takes precedence; of two, the one that was fitted
 * later wins, in whatever order and way they arrive. It survives restarts.
 */
export class DeviceCalibration {
  readonly #device: string;
  readonly #model: Pick<EdgeModel, 'manifest' | 'digest'>;
  readonly #store: CalibrationStore;
  #active: ActiveCalibration | undefined;
  #calibrator: Calibrator;
  #problem: string | undefined;

  constructor(device: string, model: Pick<EdgeModel, 'manifest' | 'digest'>, store: CalibrationStore) {
    this.#device = device;
    this.#model = model;
    this.#store = store;
    this.#calibrator = this.#freshCalibrator();
    const delivered = readCalibration(store.findDelivered(device, model.digest), model);
    if ('document' in delivered) this.#use(delivered.document);
    else this.#useFitted(this.#fitsItself ? store.find(device, calibrationKey(model.manifest)) : undefined);
  }

  /** Undefined until there is one: then nothing is scored. */
  get active(): ActiveCalibration | undefined {
    return this.#active;
  }

  get state(): 'scoring' | 'calibrating' | 'uncalibrated' {
    if (this.#active) return 'scoring';
    return this.#fitsItself ? 'calibrating' : 'uncalibrated';
  }

  /** Takes a commissioning row; gives whether it was the last one that was needed. */
  push(values: ArrayLike<number | null>): boolean {
    if (!this.#fitsItself || this.#active) return false;
    const fitted = this.#calibrator.push(values);
    if (!fitted) return false;
    this.#store.save(this.#device, calibrationKey(this.#model.manifest), fitted);
    this.#useFitted(fitted);
    return true;
  }

  /**
   * Accepts what the platform delivered, or returns why it is refused and keeps the present one.
   */
  deliver(value: unknown): string | undefined {
    const read = readCalibration(value, this.#model);
    this.#problem = 'problem' in read ? read.problem : undefined;
    if ('problem' in read) return read.problem;
    const { document } = read;
    const there = this.#active;
    if (there?.id !== undefined && fittedTime(document) < fittedTime(there))
      return `it was fitted ${document.fittedAt ?? 'at a time that it does not say'}, before the one that is in use (${there.id}, ${there.fittedAt}); fit it again to go back to it`;
    this.#store.saveDelivered(this.#device, document);
    this.#use(document);
    return undefined;
  }

  /** Forgets everything: the device is commissioned again. */
  forget(): void {
    this.#store.forget(this.#device);
    this.#active = undefined;
    this.#problem = undefined;
    this.#calibrator = this.#freshCalibrator();
  }

  attestation(): Attestation['calibration'] {
    const active = this.#active;
    const problem = this.#problem?.slice(0, 500);
    if (!active) return { state: 'missing', rows: this.#calibrator.rows, problem };
    const { rows, id } = active;
    return { state: id === undefined ? 'fitted' : 'delivered', rows, id, problem };
  }

  get #fitsItself(): boolean {
    return this.#model.manifest.calibration.fit === 'mean-std';
  }

  #freshCalibrator(): Calibrator {
    const { columns, calibration } = this.#model.manifest;
    return new Calibrator(columns.length, calibration.rows);
  }

  #useFitted(fitted: (MeanStd & { readonly rows: number }) | undefined): void {
    const { manifest } = this.#model;
    if (!fitted || manifest.calibration.fit !== 'mean-std') return;
    const { mean, std } = manifest.calibration;
    this.#active = {
      ...fitted,
      inputs: calibrationInputs(manifest, { [mean]: fitted.mean, [std]: fitted.std }),
    };
  }

  #use({ id, fittedAt, rows, mean, std, tensors }: CalibrationDocument): void {
    const values = Object.fromEntries(tensors.map((t) => [t.name, Float32Array.from(t.values)]));
    this.#active = {
      id,
      fittedAt,
      rows,
      mean: Float32Array.from(mean),
      std: Float32Array.from(std),
      inputs: calibrationInputs(this.#model.manifest, values),
    };
  }
}
