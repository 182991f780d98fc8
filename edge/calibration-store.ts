import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { CalibrationDocument } from '../src/contracts/device/calibration.ts';
import type { ModelManifest } from '../src/contracts/device/model-manifest.ts';
import type { FittedCalibration } from './calibration.ts';

/**
 * What a device's own calibration belongs to: the same columns, fitted on as many rows. Versions
 * that agree in it share one.
 */
export function calibrationKey(manifest: Pick<ModelManifest, 'columns' | 'calibration'>): string {
  const columns = manifest.columns.map((c) => [c.name, c.unit]);
  return createHash('sha256')
    .update(JSON.stringify([columns, manifest.calibration.rows]))
    .digest('hex')
    .slice(0, 16);
}

/** Calibrations by device, kept over restarts and model versions. */
export interface CalibrationStore {
  find(device: string, key: string): FittedCalibration | undefined;
  save(device: string, key: string, calibration: FittedCalibration): void;
  /** What was delivered for a model, by its digest; not checked again. */
  findDelivered(device: string, digest: string): unknown;
  saveDelivered(device: string, document: CalibrationDocument): void;
  /** Forgets them, so that the device is commissioned again. */
  forget(device: string): void;
}

/**
 * A store that reports what it could not save, as on a full disk, and continues: what was fitted or
 * delivered is used anyway, and is obtained again after a restart.
 */
export function tolerant(store: CalibrationStore, onError: (error: unknown) => void): CalibrationStore {
  const keep = (save: () => void): void => {
    try {
      save();
    } catch (error) {
      onError(error);
    }
  };
  return {
    ...store,
    save: (device, key, calibration) => keep(() => store.save(device, key, calibration)),
    saveDelivered: (device, document) => keep(() => store.saveDelivered(device, document)),
  };
}

/** Calibrations in the device's database. */
export function createCalibrationStore(db: DatabaseSync): CalibrationStore {
  db.exec(`CREATE TABLE IF NOT EXISTS calibrations (
    device TEXT NOT NULL, key TEXT NOT NULL, rows INTEGER NOT NULL, mean TEXT NOT NULL, std TEXT NOT NULL,
    PRIMARY KEY (device, key)) STRICT;
    CREATE TABLE IF NOT EXISTS delivered_calibrations (
    device TEXT NOT NULL, model TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (device, model)) STRICT`);
  const select = db.prepare('SELECT rows, mean, std FROM calibrations WHERE device = ? AND key = ?');
  const insert = db.prepare(
    'INSERT OR REPLACE INTO calibrations (device, key, rows, mean, std) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = db.prepare('DELETE FROM calibrations WHERE device = ?');
  const selectDelivered = db.prepare(
    'SELECT document FROM delivered_calibrations WHERE device = ? AND model = ?',
  );
  const insertDelivered = db.prepare(
    'INSERT OR REPLACE INTO delivered_calibrations (device, model, document) VALUES (?, ?, ?)',
  );
  const removeDelivered = db.prepare('DELETE FROM delivered_calibrations WHERE device = ?');
  const floats = (text: unknown): Float32Array => Float32Array.from(JSON.parse(String(text)) as number[]);
  return {
    find(device, key) {
      const row = select.get(device, key);
      return row && { rows: Number(row['rows']), mean: floats(row['mean']), std: floats(row['std']) };
    },
    save(device, key, { rows, mean, std }) {
      insert.run(device, key, rows, JSON.stringify([...mean]), JSON.stringify([...std]));
    },
    findDelivered(device, digest) {
      const row = selectDelivered.get(device, digest);
      return row && (JSON.parse(String(row['document'])) as unknown);
    },
    saveDelivered(device, document) {
      insertDelivered.run(device, document.model, JSON.stringify(document));
    },
    forget(device) {
      remove.run(device);
      removeDelivered.run(device);
    },
  };
}
