import { fairModel } from '../../activities/evaluation/compare.ts';
import type { Comparison } from '../../src/contracts/build/comparison.ts';
import type { DataManifest } from '../../src/contracts/data/data-manifest.ts';
import type { SliceSpec } from '../../src/contracts/project/evaluation.ts';
import {
  compareModels,
  noBaseline,
  verdictOf,
  type ComparisonPlan,
} from '../../src/domain/comparison/compare.ts';
import { promotable } from '../../src/domain/comparison/verdict.ts';
import type { PairedGroup } from '../../src/domain/comparison/paired-groups.ts';

/**
 * Scores of a model on 100 anomalous and 100 normal windows, of which it misses so many and raises
 * so many false alarms.
 */
function scores({ missed = 0, falseAlarms = 5 }): number[] {
  return Array.from({ length: 200 }, (_, i) =>
    i < 100 ? (i < missed ? 0.2 : 0.8) : i < 200 - falseAlarms ? 0.3 : 0.6,
  );
}
const labels = Array.from({ length: 200 }, (_, i) => (i < 100 ? 1 : 0));
const group = (index: number, champion: number[], challenger: number[]): PairedGroup => ({
  group: String(index),
  labels,
  champion,
  challenger,
  secondsPerRow: 1,
  deviations: labels.map((label) => (label === 1 ? 4 : 1)),
  slices: { site: index % 2 === 0 ? 'north' : 'south' },
});

/** Groups in which champion and challenger miss so many windows. */
function pairs(misses: readonly (readonly [champion: number, challenger: number])[]): PairedGroup[] {
  return misses.map(([champion, challenger], i) =>
    group(i, scores({ missed: champion }), scores({ missed: challenger })),
  );
}
const options: ComparisonPlan = {
  championVersion: '3',
  margin: 0.03,
  seed: 7,
  margins: { falseAlarmRate: 0.05, missedAlarmRate: 1, cost: 0.1, sliceF1: 0.1 },
  slices: [],
  thresholds: { champion: 0.5, challenger: 0.5 },
  cost: { costs: { falseAlarm: 1, missedAlarm: 10 }, windowRows: 60 },
  costsDeclared: false,
};
const site: SliceSpec = { name: 'site', path: '{}/', expected: [], minWindows: 30, minGroups: 4, gates: {} };
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
  expect(comparison).toMatchObject({ verdict, replicates: 2000, margin: 0.03 });
  expect(comparison.rows).toBe(200 * paired.length);
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
  const onlyNormal = eight(1, 1).map((g) => ({ ...g, labels: labels.map(() => 0) }));
  expect(compareModels(onlyNormal, options)).toMatchObject({
    verdict: 'INVALID',
    reason: expect.stringContaining('one class'),
  });
  expect(compareModels([], options)).toMatchObject({ verdict: 'INVALID', difference: null });
});

describe('guardrails', () => {
  const noisy = (falseAlarms: number) =>
    Array.from({ length: 8 }, (_, i) =>
      group(i, scores({ missed: 40 }), scores({ missed: 5, falseAlarms: falseAlarms + (i % 3) })),
    );
  const guardrail = (found: Comparison, name: string) => found.guardrails?.find((g) => g.name === name);

  test('a challenger that is superior but raises far more false alarms is INFERIOR, and the reason names the guardrail', () => {
    const found = compareModels(noisy(20), options);
    expect(found).toMatchObject({ verdict: 'INFERIOR', primaryVerdict: 'SUPERIOR' });
    expect(found.reason).toMatch(/above zero; guardrail false-alarm-rate is breached: 0\.2\d+ after 0\.0500/);
    const broken = guardrail(found, 'false-alarm-rate');
    // 2 guardrails were tested: Holm doubles the smallest p-value that 2,000 replicates can give.
    expect(broken).toMatchObject({
      status: 'breached',
      p: 1 / 2001,
      adjustedP: 2 / 2001,
      rows: 1600,
      groups: 8,
    });
    expect(broken?.worse).toBeCloseTo((broken?.challenger ?? 0) - (broken?.champion ?? 0), 12);
    expect(broken?.interval?.[0]).toBeGreaterThan(0.05);
    expect(guardrail(found, 'missed-alarm-rate')).toMatchObject({ status: 'kept' });
  });

  test('a rise within the margin does not block', () => {
    const found = compareModels(noisy(8), options);
    expect(found).toMatchObject({ verdict: 'SUPERIOR', primaryVerdict: 'SUPERIOR' });
    expect(guardrail(found, 'false-alarm-rate')).toMatchObject({ status: 'kept', margin: 0.05 });
  });

  test('cost is guarded where it is declared, relative to the champion', () => {
    const cheap = { costs: { falseAlarm: 100, missedAlarm: 1 }, windowRows: 60 };
    expect(guardrail(compareModels(noisy(8), options), 'cost-per-device-day')).toBeUndefined();
    const found = compareModels(noisy(8), { ...options, cost: cheap, costsDeclared: true });
    const cost = guardrail(found, 'cost-per-device-day');
    expect(found.verdict).toBe('INFERIOR');
    // 8 groups of 200 s: (100 · 5 + 1 · 40) / 60 per group and 200 s.
    expect(cost?.champion).toBeCloseTo((540 / 60 / 200) * 86_400, 6);
    expect(cost?.margin).toBeCloseTo(0.1 * (cost?.champion ?? 0), 9);
  });

  test('a slice in which the challenger fails blocks; one with too few groups is insufficient', () => {
    const better = (i: number) => scores({ missed: i % 2 === 0 ? 2 : 45 });
    const groups = Array.from({ length: 16 }, (_, i) =>
      group(i, scores({ missed: 22 + (i % 2) }), better(i)),
    );
    const found = compareModels(groups, { ...options, margin: 0.2, slices: [site] });
    expect(found).toMatchObject({ verdict: 'INFERIOR', primaryVerdict: 'NON_INFERIOR' });
    expect(guardrail(found, 'f1 where site=south')).toMatchObject({
      status: 'breached',
      groups: 8,
      rows: 1600,
    });
    expect(guardrail(found, 'f1 where site=north')).toMatchObject({ status: 'kept' });
    const few = compareModels(groups.slice(0, 6), { ...options, margin: 0.2, slices: [site] });
    expect(guardrail(few, 'f1 where site=south')).toMatchObject({ status: 'insufficient', p: null });
  });
});

test('champion and challenger stand next to always, never and z-score, with what they cost', () => {
  const { rules = [], diagnostics } = compareModels(eight(30, 10), options);
  const of = (rule: string) => rules.find((r) => r.rule === rule);
  expect(rules.map((r) => r.rule)).toEqual([
    'champion',
    'challenger',
    'always-alarm',
    'never-alarm',
    'z-score',
  ]);
  expect(of('always-alarm')).toMatchObject({ falseAlarmRate: 1, missedAlarmRate: 0, f1: 2 / 3 });
  expect(of('never-alarm')).toMatchObject({ falseAlarmRate: 0, missedAlarmRate: 1, f1: 0 });
  // Half of the 200 windows of 1 s are wrong, one decision per 60 of them, 10 each: 86,400 s / 60 ·
  // 0.5 · 10.
  expect(of('never-alarm')?.costPerDeviceDay).toBeCloseTo(7200, 9);
  expect(of('always-alarm')?.costPerDeviceDay).toBeCloseTo(720, 9);
  expect(of('z-score')).toMatchObject({ f1: 1, costPerDeviceDay: 0 });
  // The challenger finds twenty more of each group's anomalies.
  expect(diagnostics?.mcNemar).toMatchObject({
    onlyChampion: 0,
    onlyChallenger: 160,
    accuracyDifference: 0.1,
  });
  expect(diagnostics?.deLong?.difference).toBeGreaterThan(0);
});

test('an unknown sampling interval leaves the cost unknown, and its guardrail insufficient', () => {
  const groups = eight(10, 10).map((g) => ({ ...g, secondsPerRow: null }));
  const found = compareModels(groups, { ...options, costsDeclared: true });
  expect(found.rules?.[0]?.costPerDeviceDay).toBeNull();
  expect(found.guardrails?.at(-1)).toMatchObject({ name: 'cost-per-device-day', status: 'insufficient' });
});

test('the first version has nothing to compare with and may be promoted', () => {
  const first = noBaseline({ f1: 0.9, rows: 100, groups: 4 }, 0.03);
  expect(first).toMatchObject({ verdict: 'NO_BASELINE', champion: null, difference: null });
  expect(promotable(first.verdict)).toBe(true);
});

describe("which of the champion's models may judge a group", () => {
  const file = (path: string, sha256: string, fold: number | null) => ({
    path,
    sha256,
    fold,
    rows: 10,
    group: path.replace('.csv', ''),
    labelled: true,
  });
  const champion: DataManifest = {
    schema: 'windlass.data/1',
    digest: 'sha256:0',
    files: [file('a.csv', 'aa', 2), file('b.csv', 'bb', null), file('d.csv', 'dd', 0)],
  };
  test.each([
    ['the same file', { group: 'a', sha256: 'aa' }, { key: '2', seen: false }],
    ['the same pump with more rows', { group: 'a', sha256: 'a2' }, { key: '2', seen: false }],
    ['the same file under another name', { group: 'z', sha256: 'aa' }, { key: '2', seen: false }],
    ['a pump the champion never saw', { group: 'c', sha256: 'cc' }, { key: 'main', seen: false }],
    ['a pump that every fold model saw', { group: 'b', sha256: 'bb' }, { key: 'main', seen: true }],
    ['a pump that its parameters were chosen by', { group: 'd', sha256: 'dd' }, { key: 'main', seen: true }],
  ])('%s', (_what, group, choice) => {
    expect(fairModel(group, champion, { '2': {} })).toEqual(choice);
  });
});
