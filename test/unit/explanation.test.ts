import { permutationImportance } from '../../src/domain/explanation/permutation.ts';
import { shapleyValues, shapleyWalks, type Walk } from '../../src/domain/explanation/shapley.ts';
import { spread, stacked, windowAt, withColumns } from '../../src/domain/explanation/windows.ts';
import { seededRandom } from '../../src/base/random.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** A small model with an interaction: columns 1 and 2 count together only, column 4 never. */
const model = (x: readonly number[]): number =>
  sigmoid(0.8 * (x[0] ?? 0) + 1.5 * (x[1] ?? 0) * (x[2] ?? 0) - 0.5 * (x[3] ?? 0) - 0.3);
const WIDTH = 5;
const alert = [2, 1.2, 0.9, -1, 3];
const backgrounds = Array.from({ length: 4 }, (_, b) =>
  Array.from({ length: WIDTH }, (_, c) => Math.sin(3 * b + c) / 2),
);

const mixed = (order: readonly number[], k: number, background: readonly number[]): number[] =>
  background.map((x, c) => (order.slice(0, k).includes(c) ? (alert[c] ?? 0) : x));
const scoresOf = ({ order, background }: Walk): number[] =>
  Array.from({ length: WIDTH + 1 }, (_, k) => model(mixed(order, k, backgrounds[background] ?? [])));

/**
 * Exact Shapley values by their definition: every coalition, weighted; the mean over the
 * backgrounds.
 */
function exact(column: number): number {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  let value = 0;
  for (let mask = 0; mask < 2 ** WIDTH; mask += 1) {
    if (mask & (1 << column)) continue;
    const coalition = Array.from({ length: WIDTH }, (_, c) => c).filter((c) => mask & (1 << c));
    const weight = (factorial(coalition.length) * factorial(WIDTH - coalition.length - 1)) / factorial(WIDTH);
    const worth = (of: number[]): number =>
      backgrounds.reduce((sum, b) => sum + model(mixed(of, of.length, b)), 0) / backgrounds.length;
    value += weight * (worth([...coalition, column]) - worth(coalition));
  }
  return value;
}

describe('Shapley sampling', () => {
  const explain = (pairs: number, seed: number) => {
    const walks = shapleyWalks({ columns: WIDTH, backgrounds: backgrounds.length, pairs, seed });
    return { walks, ...shapleyValues(walks, walks.map(scoresOf), WIDTH) };
  };

  test('contributions sum to score − base, whatever was sampled', () => {
    const base = backgrounds.reduce((sum, b) => sum + model(b), 0) / backgrounds.length;
    for (const pairs of [1, 6, 40]) {
      const found = explain(pairs, pairs);
      expect(found.walks).toHaveLength(2 * Math.ceil(pairs / 4) * 4);
      expect(found.base).toBeCloseTo(base, 12);
      const sum = found.contributions.reduce((total, c) => total + c.value, 0);
      expect(sum).toBeCloseTo(model(alert) - base, 12);
    }
  });

  test('they are the exact values within their standard errors, and nearer with more orders', () => {
    const few = explain(16, 3);
    const many = explain(4000, 3);
    for (let c = 0; c < WIDTH; c += 1) {
      const found = many.contributions[c];
      expect(Math.abs((found?.value ?? NaN) - exact(c))).toBeLessThan(
        4 * (found?.standardError ?? 0) + 1e-12,
      );
      expect(Math.abs((found?.value ?? NaN) - exact(c))).toBeLessThan(0.005);
      expect(found?.standardError).toBeLessThanOrEqual(few.contributions[c]?.standardError ?? 0);
    }
  });

  test('a column that the model does not read gets exactly nothing', () => {
    expect(explain(16, 5).contributions[4]).toEqual({ value: 0, standardError: 0 });
  });
});

describe('permutation importance', () => {
  /** Groups whose first column decides, and whose second column says nothing. */
  const groups = Array.from({ length: 8 }, (_, g) => {
    const random = seededRandom(g);
    const labels = Array.from({ length: 100 }, (_, i) => (i < 40 ? 1 : 0));
    const scores = labels.map((label) => (label === 1 ? 0.9 : 0.1));
    const repeats = [...labels, ...labels, ...labels];
    const shuffledColumn = repeats.map(() => (random() < 0.4 ? 0.9 : 0.1));
    return { labels, scores, permuted: [shuffledColumn, [...scores, ...scores, ...scores]] };
  });

  test('is the loss of F1, with an interval over groups', () => {
    const [decides, says] = permutationImportance(groups, ['flow', 'voltage'], { threshold: 0.5, seed: 7 });
    // Exchanged, 40 % alarm at random: precision and recall 0.4 each.
    expect(decides?.loss).toBeCloseTo(0.6, 1);
    expect(decides?.interval?.[0]).toBeGreaterThan(0.5);
    expect(decides?.interval?.[1]).toBeGreaterThan(decides?.interval?.[0] ?? 1);
    expect(says).toEqual({ column: 'voltage', loss: 0, interval: [0, 0] });
  });

  test('has no interval with fewer than four groups, and is empty without any', () => {
    expect(
      permutationImportance(groups.slice(0, 3), ['a', 'b'], { threshold: 0.5, seed: 7 })[0]?.interval,
    ).toBeNull();
    expect(permutationImportance([], ['a'], { threshold: 0.5, seed: 7 })).toEqual([]);
  });
});

test('windows are cut, mixed by column and stacked so that each ends in its own row', () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i);
  const shape = { window: 2, columns: 3 };
  expect([...windowAt(values, 2, shape)]).toEqual([3, 4, 5, 6, 7, 8]);
  const other = windowAt(values, 1, shape);
  const mix = withColumns(windowAt(values, 2, shape), other, { chosen: new Set([1]), of: 3 });
  expect([...mix]).toEqual([3, 1, 5, 6, 4, 8]);
  expect([...values]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(stacked([mix, other], 2)).toEqual({ values: Float32Array.of(...mix, ...other), rows: [1, 3] });
  expect(spread([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([0, 2, 4]);
});
