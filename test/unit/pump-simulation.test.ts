import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnIndex, PUMP_COLUMNS, type PumpColumn } from '../../stand-ins/pump/columns.ts';
import { FAULTS, type FaultKind } from '../../stand-ins/pump/faults.ts';
import { createPump, type Pump, type PumpOptions, type PumpSample } from '../../stand-ins/pump/pump.ts';
import { REGIMES, type RegimeName } from '../../stand-ins/pump/regimes.ts';
import { COMMISSIONING_ROWS, pumpFile, writePumpFiles } from '../../stand-ins/pump/write-files.ts';

const KINDS = Object.keys(FAULTS) as FaultKind[];
const NAMES = Object.keys(REGIMES) as RegimeName[];

const take = (pump: Pump, seconds: number): PumpSample[] =>
  Array.from({ length: seconds }, () => pump.next());
const quiet = (options: Partial<PumpOptions> = {}) =>
  createPump({ id: 'pump-7', seed: 7, dropoutRate: 0, ...options });
const readings = (samples: readonly PumpSample[], column: PumpColumn) =>
  samples.map((sample) => sample.values[columnIndex(column)] ?? Number.NaN);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const std = (values: readonly number[]) => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));

/** Change of each column after an event, in standard deviations of the 400 rows before it. */
function shiftAfter(event: (pump: Pump) => void, settleSeconds: number): Record<PumpColumn, number> {
  const pump = quiet();
  const before = take(pump, 400);
  event(pump);
  take(pump, settleSeconds);
  const after = take(pump, 300);
  const entries = PUMP_COLUMNS.map(({ name }) => {
    const base = readings(before, name);
    return [name, (mean(readings(after, name)) - mean(base)) / std(base)] as const;
  });
  return Object.fromEntries(entries) as Record<PumpColumn, number>;
}

describe('a pump', () => {
  test('gives the same samples for the same id and seed, and others for another', () => {
    const first = take(createPump({ id: 'a', seed: 1 }), 300);
    expect(take(createPump({ id: 'a', seed: 1 }), 300)).toEqual(first);
    expect(take(createPump({ id: 'b', seed: 1 }), 300)).not.toEqual(first);
    expect(take(createPump({ id: 'a', seed: 2 }), 300)).not.toEqual(first);
  });

  test('gives one sample a second in UTC', () => {
    const times = take(quiet({ startTime: '2026-03-01T23:59:58Z' }), 3).map((sample) => sample.time);
    expect(times).toEqual(['2026-03-01T23:59:58Z', '2026-03-01T23:59:59Z', '2026-03-02T00:00:00Z']);
    expect(() => quiet({ startTime: 'yesterday' })).toThrow(
      /startTime must be an ISO 8601 time, not yesterday/,
    );
  });

  test.each(NAMES.flatMap((regime) => KINDS.map((kind) => [regime, kind] as const)))(
    'stays within the sensors’ ranges in regime %s with the worst %s',
    (regime, kind) => {
      const pump = quiet({ regime, wear: 1 });
      pump.injectFault(kind, { severity: 1, delaySeconds: 300 });
      const samples = take(pump, 2000);
      for (const { name, min, max } of PUMP_COLUMNS) {
        const values = readings(samples, name);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(min);
        expect(Math.max(...values)).toBeLessThanOrEqual(max);
      }
    },
  );

  test('has the levels and the noise of the real bench', () => {
    const samples = take(quiet(), 400);
    const flow = readings(samples, 'Volume Flow RateRMS');
    expect(mean(flow)).toBeGreaterThan(28);
    expect(mean(flow)).toBeLessThan(36);
    expect(std(flow)).toBeGreaterThan(0.3);
    expect(std(flow)).toBeLessThan(0.6);
    expect(std(readings(samples, 'Accelerometer1RMS'))).toBeLessThan(0.0008);
    expect(std(readings(samples, 'Voltage'))).toBeGreaterThan(8);
    // the transmitter's coarse steps
    expect(new Set(readings(samples, 'Pressure')).size).toBeLessThan(10);
  });

  test('differs from its sisters by more than its own noise', () => {
    const flows = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) =>
      mean(readings(take(quiet({ id }), 400), 'Volume Flow RateRMS')),
    );
    expect(std(flows)).toBeGreaterThan(0.3);
  });

  test('running faster moves flow, current and vibration up together', () => {
    const shift = shiftAfter((pump) => pump.setRegime('high-flow'), 200);
    expect(shift['Volume Flow RateRMS']).toBeGreaterThan(4);
    expect(shift.Accelerometer1RMS).toBeGreaterThan(5);
    expect(shift.Current).toBeGreaterThan(0.5);
  });

  test('winter cools motor and fluid, and thickens the fluid', () => {
    const shift = shiftAfter((pump) => pump.setRegime('winter'), 1500);
    expect(shift.Temperature).toBeLessThan(-5);
    expect(shift.Thermocouple).toBeLessThan(-20);
    expect(shift['Volume Flow RateRMS']).toBeLessThan(-1);
  });

  test.each([
    ['valve-closing', 'Volume Flow RateRMS', -1],
    ['valve-closing', 'Pressure', 1],
    ['cavitation', 'Accelerometer2RMS', 1],
    ['imbalance', 'Accelerometer1RMS', 1],
    ['leak', 'Volume Flow RateRMS', -1],
    ['leak', 'Pressure', -1],
    ['leak', 'Current', 1],
  ] as const)('%s moves %s by its sign (%d)', (kind, column, sign) => {
    const shift = shiftAfter((pump) => pump.injectFault(kind, { severity: 0.8, rampSeconds: 30 }), 60);
    expect(shift[column] * sign).toBeGreaterThan(0.15);
    if (column !== 'Pressure' && column !== 'Current') expect(shift[column] * sign).toBeGreaterThan(3);
  });

  test('labels a fault from its onset to its repair, and repair() ends all at once', () => {
    const pump = quiet();
    pump.injectFault('leak', { delaySeconds: 50, durationSeconds: 100 });
    const labels = take(pump, 300).map((sample) => sample.anomaly);
    expect(labels.indexOf(1)).toBe(50);
    expect(labels.lastIndexOf(1)).toBe(149);
    expect(labels.filter((label) => label === 1)).toHaveLength(100);
    pump.injectFault('cavitation');
    expect(pump.next().anomaly).toBe(1);
    pump.repair();
    expect(pump.next().anomaly).toBe(0);
    expect(() => pump.injectFault('leak', { severity: 0 })).toThrow(/severity of fault leak/);
  });

  test('wear and sensor drift move the readings without a label', () => {
    const worn = take(quiet({ wear: 0.8 }), 300);
    expect(mean(readings(worn, 'Accelerometer1RMS'))).toBeGreaterThan(
      1.1 * mean(readings(take(quiet(), 300), 'Accelerometer1RMS')),
    );
    const drifting = quiet();
    drifting.driftSensor('Thermocouple', 36);
    const last = take(drifting, 1001).at(-1);
    const honest = take(quiet(), 1001).at(-1);
    const column = columnIndex('Thermocouple');
    expect((last?.values[column] ?? 0) - (honest?.values[column] ?? 0)).toBeCloseTo(10, 6);
    expect(last?.anomaly).toBe(0);
  });
});

describe('dropouts', () => {
  test('put a silent sensor into about every 20th window of 60 rows', () => {
    const samples = take(createPump({ id: 'pump-1', seed: 3 }), 60_000);
    let hit = 0;
    for (let from = 0; from < samples.length; from += 60) {
      const rows = samples.slice(from, from + 60);
      if (rows.some((row) => row.values.some((value) => Number.isNaN(value)))) hit += 1;
    }
    expect(hit / (samples.length / 60)).toBeGreaterThan(0.035);
    expect(hit / (samples.length / 60)).toBeLessThan(0.07);
  });

  test('change nothing but the silent readings', () => {
    const noisy = take(createPump({ id: 'pump-1', seed: 3, dropoutRate: 0.01 }), 3000);
    const clean = take(createPump({ id: 'pump-1', seed: 3, dropoutRate: 0 }), 3000);
    const silent = noisy.flatMap((row) => row.values).filter((value) => Number.isNaN(value));
    expect(silent.length).toBeGreaterThan(20);
    const changed = noisy.filter((row, i) =>
      row.values.some((value, column) => !Number.isNaN(value) && value !== clean[i]?.values[column]),
    );
    expect(changed).toEqual([]);
    expect(clean.every((row) => row.values.every((value) => Number.isFinite(value)))).toBe(true);
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pump-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const labelsOf = (text: string) =>
    text
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => Number(line.split(';').at(-2)));

  test('look like the real ones, byte for byte the same each time', async () => {
    const paths = await writePumpFiles({ folder, pumps: 3, startIndex: 9 });
    expect(await readdir(folder)).toEqual(['pump-009.csv', 'pump-010.csv', 'pump-011.csv']);
    const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
    await writePumpFiles({ folder, pumps: 3, startIndex: 9 });
    expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(texts);
    expect(new Set(texts).size).toBe(3);
    const lines = (texts[0] ?? '').split('\r\n');
    expect(lines[0]).toBe(`datetime;${PUMP_COLUMNS.map((c) => c.name).join(';')};anomaly;changepoint`);
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(;-?\d+(\.\d+)?){8};0\.0;0\.0$/);
    expect(lines).toHaveLength(1200 + 2);
    expect(texts.join('')).not.toContain('NaN');
  });

  test.each(NAMES)('hold one episode after a healthy commissioning, in regime %s', (regime) => {
    for (const number of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const labels = labelsOf(pumpFile(number, { rows: 1200, seed: 7, regime, faultShare: 1 }));
      const onset = labels.indexOf(1);
      const end = labels.lastIndexOf(1);
      expect(onset).toBeGreaterThan(COMMISSIONING_ROWS + 100);
      expect(end).toBeLessThan(1200 - 60);
      expect(labels.filter((label) => label === 1)).toHaveLength(end - onset + 1);
      expect(end - onset).toBeGreaterThan(200);
    }
  });

  test('are commissioned in the nominal regime whatever comes later', () => {
    const story = { rows: 1200, seed: 7, faultShare: 0 };
    const nominal = pumpFile(5, { ...story, regime: 'nominal' }).split('\r\n');
    const fast = pumpFile(5, { ...story, regime: 'high-flow' }).split('\r\n');
    expect(fast.slice(0, COMMISSIONING_ROWS + 1)).toEqual(nominal.slice(0, COMMISSIONING_ROWS + 1));
    const flow = (lines: string[]) =>
      mean(lines.slice(COMMISSIONING_ROWS + 250, 1200).map((line) => Number(line.split(';')[8])));
    expect(flow(fast) / flow(nominal)).toBeCloseTo(1.08, 2);
    expect(labelsOf(fast.join('\r\n')).every((label) => label === 0)).toBe(true);
  });

  test('too few rows are refused', async () => {
    await expect(writePumpFiles({ folder, pumps: 1, rows: 500 })).rejects.toThrow(/at least 900, not 500/);
  });
});
