import { buildInputSchema } from '../../src/contracts/build/build.ts';
import type { DataFile } from '../../src/contracts/data/data-manifest.ts';
import { paramsSchema, searchSchema, type TrialResult } from '../../src/contracts/build/search.ts';
import { bestTrial, describeSearch } from '../../src/domain/search/best-trial.ts';
import { parameterSpace } from '../../src/domain/search/parameter-space.ts';
import { planTrials } from '../../src/domain/search/plan-trials.ts';
import {
  chosenFiles,
  foldProblem,
  splitFolds,
  trialFiles,
} from '../../src/domain/search/validation-folds.ts';

describe('parameters that can be searched', () => {
  test.each([
    ['an empty list', { depth: { choice: [] } }, 'depth.choice', /empty/],
    [
      'a range from high to low',
      { rate: { range: [1, 0.1] } },
      'rate.range',
      /below the highest, got \[1, 0.1\]/,
    ],
    ['a range of one value', { rate: { range: [1, 1] } }, 'rate.range', /below/],
    ['a logarithmic range from 0', { rate: { range: [0, 1], log: true } }, 'rate.range', /above 0/],
    ['an integer range with a broken end', { n: { range: [1, 2.5], integer: true } }, 'n.range', /whole/],
    ['a range of three numbers', { n: { range: [1, 2, 3] } }, 'n.range', /two numbers/],
    ['a range of words', { n: { range: ['a', 'b'] } }, 'n.range.0', /two numbers/],
    ['one step', { n: { range: [1, 2], steps: 1 } }, 'n.steps', /2 or more/],
    ['an unknown field', { n: { range: [1, 2], logarithmic: true } }, 'n', /logarithmic/],
    ['a choice with a range', { n: { choice: [1], range: [1, 2] } }, 'n', /range/],
  ])('%s is refused by name', (_what, params, field, message) => {
    const issue = paramsSchema.safeParse(params).error?.issues[0];
    expect(issue?.path.join('.')).toBe(field);
    expect(issue?.message).toMatch(message);
  });

  test('an input is refused for its search, field by field', () => {
    const parsed = buildInputSchema.safeParse({ search: { trials: 0, parallel: 0, strategy: 'best' } });
    expect(parsed.error?.issues.map((i) => i.path.join('.'))).toEqual([
      'search.trials',
      'search.parallel',
      'search.strategy',
    ]);
    expect(searchSchema.parse({})).toEqual({});
  });

  test('a plain list is searched only where a search is declared; other values are left alone', () => {
    const params = { layers: [64, 32], depth: { choice: [4, 6] }, name: 'x', nested: { a: [1] } };
    expect([...parameterSpace(params, { lists: false }).keys()]).toEqual(['depth']);
    expect([...parameterSpace(params, { lists: true }).keys()]).toEqual(['layers', 'depth']);
  });
});

describe('the plan of trials', () => {
  const space = parameterSpace(
    {
      rate: { range: [0.001, 10], log: true },
      depth: { range: [2, 5], integer: true },
      share: { range: [0.25, 0.75] },
      kind: { choice: ['a', 'b'] },
    },
    { lists: false },
  );
  const random = (trials: number, seed = 7) => planTrials(space, { strategy: 'random', trials, seed }).trials;

  test('is the same for the same seed, begins with the plan of a shorter search, and differs for another', () => {
    const long = random(24);
    expect(random(24)).toEqual(long);
    expect(random(12)).toEqual(long.slice(0, 12));
    expect(random(24, 8)).not.toEqual(long);
    expect(new Set(long.map((t) => t.seed)).size).toBe(24);
    expect(new Set(long.map((t) => JSON.stringify(t.params))).size).toBe(24);
    expect(long.map((t) => t.trial)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  });

  test('draws evenly within the bounds: logarithmic ranges by decade, integers with both ends', () => {
    const drawn = random(200).map((t) => t.params as { rate: number; depth: number; share: number });
    const decades = drawn.map(({ rate }) => Math.floor(Math.log10(rate)));
    for (const decade of [-3, -2, -1, 0])
      expect(decades.filter((d) => d === decade).length / 200).toBeCloseTo(0.25, 0.9);
    for (const depth of [2, 3, 4, 5])
      expect(drawn.filter((d) => d.depth === depth).length / 200).toBeCloseTo(0.25, 0.9);
    expect(drawn.every((d) => [2, 3, 4, 5].includes(d.depth))).toBe(true);
    expect(Math.min(...drawn.map((d) => d.share))).toBeGreaterThanOrEqual(0.25);
    expect(Math.max(...drawn.map((d) => d.share))).toBeLessThanOrEqual(0.75);
  });

  test('ends when a small space holds no more', () => {
    const small = parameterSpace({ a: { choice: [1, 2, 1] }, b: { choice: ['x', 'y'] } }, { lists: false });
    expect(planTrials(small, { strategy: 'random', trials: 50, seed: 1 }).trials).toHaveLength(4);
  });

  test('of a grid is every combination, geometric on logarithmic ranges', () => {
    const some = parameterSpace(
      { rate: { range: [0.01, 1], log: true, steps: 3 }, depth: { range: [2, 3], integer: true } },
      { lists: false },
    );
    const { trials } = planTrials(some, { strategy: 'grid', seed: 1 });
    expect(trials.map((t) => Object.values(t.params))).toEqual([
      ...[0.01, 0.1, 1].flatMap((rate) => [2, 3].map((depth) => [rate, depth])),
    ]);
  });

  test.each([
    ['a range without steps', { rate: { range: [0, 1] } }, undefined, 'params.rate.steps'],
    ['more points than trials', { a: { choice: [1, 2, 3] }, b: { choice: [1, 2] } }, 5, 'search.trials'],
    ['more points than can be', { a: { range: [0, 1], steps: 300 } }, undefined, 'search.trials'],
  ])('of a grid with %s is refused by name', (_what, params, trials, field) => {
    const plan = planTrials(parameterSpace(params, { lists: false }), { strategy: 'grid', trials, seed: 1 });
    expect(plan.trials).toEqual([]);
    expect(plan.problems.map((p) => p.field)).toEqual([field]);
  });

  test('an empty list is refused by name', () => {
    const plan = planTrials(parameterSpace({ depth: [] }, { lists: true }), { strategy: 'random', seed: 1 });
    expect(plan.problems).toEqual([expect.objectContaining({ field: 'params.depth' })]);
  });
});

describe('the groups of a search', () => {
  const files = [0, 1, 2, 3, null].flatMap((fold, i) =>
    ['a', 'b'].map((name): DataFile => ({
      path: `${name}${i}.csv`,
      group: `${name}${i}`,
      sha256: `${name}${i}`,
      rows: 10,
      labelled: true,
      fold,
    })),
  );
  const split = splitFolds([0, 1, 2, 3]);

  test('half of the folds choose, the others measure; no trial is given a group that is measured', () => {
    expect(split).toEqual({ validation: [0, 1], test: [2, 3] });
    const { validation, test: measured } = split!;
    const held = chosenFiles(files, validation).filter((f) => f.fold !== null);
    expect([...new Set(held.map((f) => f.fold))]).toEqual(measured);
    const given = new Set(trialFiles(files, validation).map((f) => f.group));
    expect(held.filter((f) => given.has(f.group))).toEqual([]);
    // The chosen model trains on all groups, those that have no fold among them.
    expect(chosenFiles(files, validation)).toHaveLength(files.length);
    expect(given).toEqual(new Set(['a0', 'b0', 'a1', 'b1', 'a4', 'b4']));
  });

  test('three folds are the fewest; the count may be chosen', () => {
    expect(splitFolds([0, 1])).toBeUndefined();
    expect(splitFolds([0, 2, 5])).toEqual({ validation: [0, 2], test: [5] });
    expect(splitFolds([0, 1, 2, 3, 4, 5], 4)?.test).toEqual([4, 5]);
    expect(splitFolds([0, 1, 2], 3)).toBeUndefined();
  });

  test('folds that are not there are named beside those that are', () => {
    expect(foldProblem([1, 0, 1], [0, 1, 3])).toBeUndefined();
    expect(foldProblem([3, 2], [0, 1, 3])).toBe('validationFolds: there is no fold 2, only 0, 1, 3');
    expect(foldProblem([9, 2, 9], [0, 1])).toBe('validationFolds: there are no folds 9, 2, only 0, 1');
  });
});

test('the best trial is the first of the highest; failed ones never', () => {
  const trial = (n: number, metric: number | null): TrialResult => ({
    trial: n,
    params: { depth: n },
    seed: n,
    metric,
    seconds: 1,
    cached: false,
    status: metric === null ? 'failed' : 'done',
  });
  const trials = [trial(1, 0.4), trial(2, null), trial(3, 0.9), trial(4, 0.9)];
  expect(bestTrial(trials)?.trial).toBe(3);
  expect(bestTrial([trial(1, null)])).toBeUndefined();
  expect(describeSearch(trials, 6)).toBe('4 of 6 trials, 1 failed; best F1 0.9000 by trial 3: depth 3');
  const cancelled: TrialResult = { ...trial(5, null), status: 'cancelled' };
  expect(describeSearch([trial(2, null), cancelled], 6)).toBe('2 of 6 trials, 1 failed, 1 cancelled');
});
