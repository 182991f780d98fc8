import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SENSORS } from './registry-fixtures.ts';

export interface SensorFileOptions {
  readonly rows?: number;
  readonly delimiter?: ';' | ',';
  readonly newline?: '\n' | '\r\n';
  /** Row from which on the label is 1; none by default. */
  readonly anomalyFrom?: number;
  readonly labelled?: boolean;
  readonly seed?: number;
  /** Changes the cells of one row (0-based); `header` included as row -1. */
  readonly change?: (row: number, cells: string[]) => string[];
}

const LEVELS = [0.03, 0.04, 1.2, 0.1, 70, 25, 230, 32];

/**
 * CSV text as pumps write it: one row a second, eight sensors with a little seeded noise, and a
 * label.
 */
export function sensorCsv(options: SensorFileOptions = {}): string {
  const { rows = 600, delimiter = ';', newline = '\n', labelled = true } = options;
  const change = options.change ?? ((_row, cells) => cells);
  let state = (options.seed ?? 1) * 2_654_435_761;
  const noise = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const names = ['datetime', ...SENSORS.map((s) => s.name), ...(labelled ? ['anomaly'] : [])];
  const start = Date.UTC(2026, 0, 5);
  const lines = [change(-1, names).join(delimiter)];
  for (let row = 0; row < rows; row += 1) {
    const time = new Date(start + row * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const values = LEVELS.map((level) => (level * (1 + 0.1 * noise())).toFixed(5));
    const label = row >= (options.anomalyFrom ?? Infinity) ? '1' : '0';
    lines.push(change(row, [time, ...values, ...(labelled ? [label] : [])]).join(delimiter));
  }
  return lines.join(newline) + newline;
}

/** Writes text below a folder, making the folders on the way. */
export function writeBelow(folder: string, path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
