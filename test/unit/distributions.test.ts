import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  binomialHalfCdf,
  normalCdf,
  normalQuantile,
  normalTwoSided,
} from '../../src/domain/statistics/distributions.ts';
import { mcNemarTest } from '../../src/domain/statistics/mcnemar.ts';

/**
 * Computed by scipy and mpmath; distributions.py beside the file makes it. A row: the arguments,
 * then the value.
 */
const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/statistics/distributions.json'), 'utf8'),
) as Record<'normalCdf' | 'normalQuantile' | 'chiSquareUpper' | 'binomialHalfCdf', number[][]>;

/** The rows that differ by more than 1e-12 of scipy's value, far tails too. */
function far(rows: readonly number[][], found: (...args: number[]) => number) {
  return rows
    .map((row) => ({ row, found: found(...row.slice(0, -1)), scipy: row.at(-1) as number }))
    .filter(({ found, scipy }) => !(Math.abs(found - scipy) <= 1e-12 * Math.abs(scipy)));
}

describe('the distributions of scipy, to 1e-12 of each value', () => {
  test('normal probabilities, from 1e-300 to 1', () => {
    expect(far(expected.normalCdf, (z) => normalCdf(z as number))).toEqual([]);
  });
  test('normal quantiles, beside ½ and down to 1e-300', () => {
    expect(far(expected.normalQuantile, (p) => normalQuantile(p as number))).toEqual([]);
  });
  test('the upper tail of chi-square with one degree of freedom, by way of the normal', () => {
    expect(far(expected.chiSquareUpper, (x) => normalTwoSided(Math.sqrt(x as number)))).toEqual([]);
  });
  test('binomial probabilities of up to a million trials', () => {
    const found = (k?: number, n?: number): number => binomialHalfCdf(k as number, n as number);
    expect(far(expected.binomialHalfCdf, found)).toEqual([]);
  });
});

test('a probability below the smallest double is 0, as in scipy, and no error: models that differ everywhere', () => {
  expect(normalTwoSided(Math.sqrt(5000))).toBe(0); // scipy.stats.chi2.sf(5000, 1)
  expect(normalTwoSided(60)).toBe(0); // 2 * scipy.stats.norm.sf(60)
  expect([normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0, 1]);
  expect(binomialHalfCdf(1, 20_000)).toBe(0); // scipy.stats.binom.cdf(1, 20000, 0.5)
  expect(mcNemarTest(1, 9000)).toMatchObject({ pExact: 0, pCorrected: 0 });
});

test('there is no quantile of what is no probability, and no binomial of what is no count', () => {
  for (const p of [NaN, 0, 1, -0.1, Infinity]) expect(() => normalQuantile(p)).toThrow(RangeError);
  for (const k of [NaN, -1, 0.5, Infinity]) {
    expect(() => binomialHalfCdf(k, 3)).toThrow(RangeError);
    expect(() => binomialHalfCdf(1, k)).toThrow(RangeError);
    expect(() => mcNemarTest(k, 3)).toThrow(RangeError);
  }
  expect(normalCdf(NaN)).toBeNaN();
});
