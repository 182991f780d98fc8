import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alarmShare } from '../../src/domain/monitoring/alarm-share.ts';
import { calibratedThreshold } from '../../src/domain/monitoring/calibrated-threshold.ts';
import { populationStabilityIndex } from '../../src/domain/statistics/psi.ts';

interface Numbers {
  psi: Array<{ shares: number[]; counts: number[]; psi: number }>;
  threshold: { chunks: number[]; value: number };
  alarmShare: { weights: number[]; threshold: number; value: number };
}
const numbers = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/statistics/monitoring.json'), 'utf8'),
) as Numbers;

describe('statistics of the monitor equal independent numbers', () => {
  test.each(numbers.psi.map((c, i) => [i, c] as const))('PSI, case %i', (_, c) => {
    expect(Math.abs((populationStabilityIndex(c.shares, c.counts) ?? NaN) - c.psi)).toBeLessThan(1e-9);
  });

  test('calibrated threshold', () => {
    expect(calibratedThreshold(numbers.threshold.chunks, 0)).toBeCloseTo(numbers.threshold.value, 12);
    expect(calibratedThreshold(numbers.threshold.chunks, 0.9)).toBe(0.9);
    expect(calibratedThreshold(numbers.threshold.chunks.slice(0, 5), 0)).toBeNull();
  });

  test('share of alarms', () => {
    const { weights, threshold, value } = numbers.alarmShare;
    expect(Math.abs((alarmShare(weights, threshold) ?? NaN) - value)).toBeLessThan(1e-9);
    expect(alarmShare([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0.5)).toBeNull();
  });

  test('PSI refuses different bins and says nothing about nothing', () => {
    expect(() => populationStabilityIndex([0.5, 0.5], [1])).toThrow('same bins');
    expect(populationStabilityIndex([0.5, 0.5], [0, 0])).toBeNull();
  });
});
