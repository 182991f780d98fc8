import { readdirSync, readFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { createDataSources } from '../../src/adapters/data-source/data-sources.ts';
import { sensorFiles } from '../../src/adapters/duckdb/sensor-files.ts';
import { judgeData } from '../../src/cli/commands/check/judge-data.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import type { ProjectSpec } from '../../src/contracts/project/project.ts';
import { findNearCopies, quadrantCorrelations } from '../../src/domain/data/near-copies.ts';
import { signPatterns, type SignPatterns } from '../../src/domain/data/sign-patterns.ts';
import { seededRandom } from '../../src/base/random.ts';
import { cpuGrowth, LINEAR } from '../support/cpu-growth.ts';
import { projectSpec } from '../support/registry-fixtures.ts';
import { sensorCsv, writeBelow } from '../support/sensor-data.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { noSkab, SKAB } from '../support/real-data.ts';
import { testUnless } from '../support/unless.ts';

const FIXTURE = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/statistics/near_copies.json'), 'utf8'),
) as {
  files: (number | null)[][];
  alignment: { from: number; rows: number; shift: number };
  copy: number[];
  stranger: number[];
};

const patternsOf = (values: readonly (number | null)[], width: number): SignPatterns => {
  const rows = values.length / width;
  return signPatterns({
    rows,
    values: Float32Array.from(values, (v) => v ?? NaN),
    lines: Uint32Array.from({ length: rows }, (_, row) => row + 2),
  });
};
const always = () => true;

/** Numbers of a normal distribution (Box–Muller), seeded. */
function normal(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A CSV text with noise of so many standard deviations of each column added to every reading. */
function noisy(csv: string, share: number, delimiter = ';'): string {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const rows = lines.map((line) => line.split(delimiter));
  const noise = normal(5);
  const spread = Array.from({ length: 8 }, (_, c) => {
    const values = rows.map((cells) => Number(cells[c + 1]));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  });
  const changed = rows.map((cells) =>
    cells.map((cell, i) =>
      i >= 1 && i <= 8 ? String(Number(cell) + share * (spread[i - 1] ?? 0) * noise()) : cell,
    ),
  );
  return `${[header, ...changed.map((cells) => cells.join(delimiter))].join('\n')}\n`;
}

describe('sign patterns', () => {
  test('give the quadrant correlations that numpy gives', () => {
    const files = FIXTURE.files.map((values) => patternsOf(values, 3));
    const of = (file: number): number[] =>
      quadrantCorrelations(files, { file, other: 0, ...FIXTURE.alignment });
    for (const [file, expected] of [
      [1, FIXTURE.copy],
      [2, FIXTURE.stranger],
    ] as const) {
      const found = of(file);
      expect(found).toHaveLength(3);
      expected.forEach((value, column) => expect(found[column]).toBeCloseTo(value, 12));
    }
    const found = findNearCopies(files, always);
    expect(found.map(({ file, other, shift }) => ({ file, other, shift }))).toEqual([
      { file: 1, other: 0, shift: FIXTURE.alignment.shift },
    ]);
  });

  test('of cycles that repeat by nature are no copies, unless they agree better than the cycles of one file', () => {
    const cycle = (seed: number, own: number): number[] => {
      const noise = normal(seed);
      return Array.from(
        { length: 2 * 1200 },
        (_, i) => Math.sin((2 * Math.PI * (i >> 1)) / 11) + own * noise(),
      );
    };
    const [a, b] = [cycle(1, 0.2), cycle(2, 0.2)];
    const noise = normal(3);
    const copy = a.map((value) => value + 0.01 * noise());
    expect(findNearCopies([patternsOf(a, 2), patternsOf(b, 2)], always)).toEqual([]);
    const found = findNearCopies([patternsOf(a, 2), patternsOf(b, 2), patternsOf(copy, 2)], always);
    expect(found.map(({ file, other, shift }) => [file, other, shift])).toEqual([[2, 0, 0]]);
  });

  test('of a column that never changes count for nothing', () => {
    const still = new Array<number>(600).fill(1);
    expect(findNearCopies([patternsOf(still, 2), patternsOf(still, 2)], always)).toEqual([]);
  });
});

test('looking for near-copies in twice the rows takes about twice the work', async () => {
  const noise = normal(7);
  const readings = (rows: number): SignPatterns[] =>
    Array.from({ length: 3 }, () => patternsOf(Array.from({ length: 4 * rows }, noise), 4));
  const files = new Map([20_000, 40_000].map((rows) => [rows, readings(rows)]));
  const look = (rows: number) => findNearCopies(files.get(rows) ?? [], always);
  expect(await cpuGrowth(look, 20_000)).toBeLessThan(LINEAR);
});

describe('the near-copies gate', () => {
  let folder: ReturnType<typeof tempFolder>;
  beforeEach(() => {
    folder = tempFolder('near-copies');
  });
  afterEach(() => folder.remove());

  async function gateOf(spec: ProjectSpec): Promise<GateResult | undefined> {
    const source = await createDataSources().open('data', {
      cwd: folder.path,
      timestamp: spec.data.timestamp,
    });
    const { gates } = await judgeData(source, spec, { files: sensorFiles, now: Date.UTC(2026, 5, 1) });
    return gates.find((gate) => gate.name === 'near-copies');
  }
  const write = (path: string, csv: string) => writeBelow(folder.path, `data/${path}`, csv);
  const pump = (n: number): string => sensorCsv({ seed: n + 1, anomalyFrom: 500 });

  test('finds part of a file with noise at another place, and says how many rows and where', async () => {
    for (const n of [0, 1, 2, 3]) write(`pump-${n}.csv`, pump(n));
    const part = pump(1).split('\n');
    write('pump-6.csv', noisy([part[0], ...part.slice(101, 501), ''].join('\n'), 0.01));
    const gate = await gateOf(projectSpec());
    expect(gate).toMatchObject({ status: 'warn', threshold: 0, n: 2800 });
    expect(gate?.observed).toBeGreaterThan(300);
    expect(gate?.observed).toBeLessThanOrEqual(400);
    const [row] = gate?.evidence?.rows as { file: string; line: number; problem: string }[];
    expect(row?.file).toBe('pump-6.csv');
    const [, there] =
      /follow pump-1\.csv from line (\d+) on, correlation (?:0\.9\d|1\.00)$/.exec(row?.problem ?? '') ?? [];
    expect(Number(there) - (row?.line ?? 0)).toBe(100);
    const failing = projectSpec({
      data: { ...projectSpec().data, gates: { levels: { 'near-copies': 'fail' } } },
    });
    expect((await gateOf(failing))?.status).toBe('fail');
  });

  test('leaves equal rows to the gate for them, and near-copies within a fold alone', async () => {
    for (const n of [0, 1, 2, 3]) write(`pump-${n}.csv`, pump(n));
    write('copy-6.csv', pump(1).replaceAll('2026-01-05', '2026-01-09'));
    write('pump-5.csv', noisy(pump(1), 0.01));
    const gate = await gateOf(projectSpec());
    expect(gate?.evidence?.files).toEqual([{ path: 'pump-5.csv', count: expect.any(Number) as number }]);
    expect(JSON.stringify(gate?.evidence)).not.toContain('pump-1.csv');
  });

  testUnless(noSkab)('finds a recording of the real bench with 1 % noise in another fold', async () => {
    cpSync(SKAB, join(folder.path, 'data'), { recursive: true });
    const names = readdirSync(join(SKAB, 'valve1'));
    expect(names).toContain('3.csv');
    write('valve1/16.csv', noisy(readFileSync(join(SKAB, 'valve1/3.csv'), 'utf8'), 0.01));
    const gate = await gateOf(projectSpec({ evaluation: { include: ['valve1/'] } }));
    expect(gate).toMatchObject({ status: 'warn' });
    expect(gate?.reason).toMatch(
      /rows, 9\d\.\d %, from line \d+ on follow valve1\/3\.csv|follow valve1\/16\.csv/,
    );
    expect((gate?.evidence?.files as unknown[]).length).toBe(1);
  });
});
