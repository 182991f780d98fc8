import { fairModel } from '../../activities/evaluation/compare.ts';
import type { DataManifest } from '../../src/contracts/project.ts';
import { compareModels, noBaseline, verdictOf } from '../../src/domain/comparison/compare.ts';
import { promotable } from '../../src/domain/comparison/verdict.ts';
import type { PairedGroup } from '../../src/domain/comparison/paired-bootstrap.ts';

/** Groups of 100 anomalous and 100 normal windows, of which each model misses so many. */
function pairs(misses: readonly (readonly [champion: number, challenger: number])[]): PairedGroup[] {
  const counts = (missed: number) => ({ tp: 100 - missed, fn: missed, tn: 95, fp: 5 });
  return misses.map(([champion, challenger], i) => ({
    group: String(i),
    champion: counts(champion),
    challenger: counts(challenger),
  }));
}
const options = { championVersion: '3', margin: 0.03, seed: 7, rows: 1600 };
const eight = (champion: number, challenger: number) =>
  pairs(Array.from({ length: 8 }, (_, i) => [champion + (i % 3), challenger + (i % 3)]));

test.each([
  [[0.001, 0.2], 'SUPERIOR'],
  [[-0.02, 0.1], 'NON_INFERIOR'],
  [[-0.03, -0.01], 'NON_INFERIOR'],
  [[-0.2, -0.031], 'INFERIOR'],
  [[-0.2, 0.1], 'INCONCLUSIVE'],
  [[-0.2, -0.03], 'INCONCLUSIVE'],
] as const)('an interval of %j with margin 0.03 is %s', (interval, verdict) => {
  expect(verdictOf(interval, 0.03)).toBe(verdict);
});

test.each([
  ['clearly better', eight(30, 10), 'SUPERIOR'],
  ['the same', eight(10, 10), 'NON_INFERIOR'],
  ['clearly worse', eight(10, 40), 'INFERIOR'],
  [
    'better in some groups, much worse in others',
    pairs([
      [10, 2],
      [10, 60],
      [10, 2],
      [10, 5],
      [10, 50],
      [10, 3],
    ]),
    'INCONCLUSIVE',
  ],
] as const)('a challenger that is %s', (_how, paired, verdict) => {
  const comparison = compareModels(paired, options);
  expect(comparison).toMatchObject({ verdict, replicates: 2000, rows: 1600, margin: 0.03 });
  expect(comparison.champion?.version).toBe('3');
  expect(comparison.difference).toBeCloseTo(
    comparison.challenger.value - (comparison.champion?.value ?? 0),
    12,
  );
  expect(promotable(comparison.verdict)).toBe(verdict === 'SUPERIOR' || verdict === 'NON_INFERIOR');
});

test('too few groups, or only one class, is INVALID and says why', () => {
  expect(
    compareModels(
      pairs([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
      options,
    ),
  ).toMatchObject({
    verdict: 'INVALID',
    interval: null,
    reason: expect.stringContaining('at least 4'),
  });
  const onlyNormal = Array.from({ length: 5 }, (_, i) => {
    const counts = { tp: 0, fn: 0, tn: 10, fp: i };
    return { group: String(i), champion: counts, challenger: counts };
  });
  expect(compareModels(onlyNormal, options)).toMatchObject({
    verdict: 'INVALID',
    reason: expect.stringContaining('one class'),
  });
  expect(compareModels([], options)).toMatchObject({ verdict: 'INVALID', difference: null });
});

test('the first version has nothing to compare with and may be promoted', () => {
  const first = noBaseline({ f1: 0.9, rows: 100, groups: 4 }, 0.03);
  expect(first).toMatchObject({ verdict: 'NO_BASELINE', champion: null, difference: null });
  expect(promotable(first.verdict)).toBe(true);
});

describe("which of the champion's models may judge a group", () => {
  const file = (path: string, sha256: string, fold: number | null) => ({
    ...{ path, sha256, fold, rows: 10, group: path.replace('.csv', ''), labelled: true },
  });
  const champion: DataManifest = {
    schema: 'windlass.data/1',
    digest: 'sha256:0',
    files: [file('a.csv', 'aa', 2), file('b.csv', 'bb', null)],
  };
  test.each([
    ['the same file', { group: 'a', sha256: 'aa' }, { key: '2', seen: false }],
    ['the same pump with more rows', { group: 'a', sha256: 'a2' }, { key: '2', seen: false }],
    ['the same file under another name', { group: 'z', sha256: 'aa' }, { key: '2', seen: false }],
    ['a pump the champion never saw', { group: 'c', sha256: 'cc' }, { key: 'main', seen: false }],
    ['a pump that every fold model saw', { group: 'b', sha256: 'bb' }, { key: 'main', seen: true }],
  ])('%s', (_what, group, choice) => {
    expect(fairModel(group, champion)).toEqual(choice);
  });
});
