import type { ColumnSpec } from '../../src/contracts/project/data.ts';

/**
 * The eight channels of the test bench in file order: name, unit, and the range that a working
 * sensor can give.
 */
export const PUMP_COLUMNS = [
  { name: 'Accelerometer1RMS', unit: 'g', min: 0, max: 2 },
  { name: 'Accelerometer2RMS', unit: 'g', min: 0, max: 2 },
  { name: 'Current', unit: 'A', min: -0.5, max: 10 },
  { name: 'Pressure', unit: 'bar', min: -3, max: 6 },
  { name: 'Temperature', unit: '°C', min: -20, max: 150 },
  { name: 'Thermocouple', unit: '°C', min: -20, max: 110 },
  { name: 'Voltage', unit: 'V', min: 150, max: 300 },
  { name: 'Volume Flow RateRMS', unit: 'l/min', min: 0, max: 200 },
] as const satisfies readonly ColumnSpec[];

export type PumpColumn = (typeof PUMP_COLUMNS)[number]['name'];

/** Position of a channel in `PumpSample.values`. */
export function columnIndex(name: PumpColumn): number {
  return PUMP_COLUMNS.findIndex((column) => column.name === name);
}
