import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { ModelManifest } from '../src/contracts/fleet.ts';
import type { FittedCalibration } from './calibration.ts';

/** What a calibration belongs to: the same columns, fitted on as many rows. Versions that agree in it share one. */
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
  /** Forgets them, so that the device is commissioned again. */
  forget(device: string): void;
}

/** Calibrations in the device's database. */
export function createCalibrationStore(db: DatabaseSync): CalibrationStore {
  db.exec(`CREATE TABLE IF NOT EXISTS calibrations (
    device TEXT NOT NULL, key TEXT NOT NULL, rows INTEGER NOT NULL, mean TEXT NOT NULL, std TEXT NOT NULL,
    PRIMARY KEY (device, key)) STRICT`);
  const select = db.prepare('SELECT rows, mean, std FROM calibrations WHERE device = ? AND key = ?');
  const insert = db.prepare(
    'INSERT OR REPLACE INTO calibrations (device, key, rows, mean, std) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = db.prepare('DELETE FROM calibrations WHERE device = ?');
  const floats = (text: unknown): Float32Array => Float32Array.from(JSON.parse(String(text)) as number[]);
  return {
    find(device, key) {
      const row = select.get(device, key);
      return row && { rows: Number(row['rows']), mean: floats(row['mean']), std: floats(row['std']) };
    },
    save(device, key, { rows, mean, std }) {
      insert.run(device, key, rows, JSON.stringify([...mean]), JSON.stringify([...std]));
    },
    forget(device) {
      remove.run(device);
    },
  };
}
