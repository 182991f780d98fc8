import { firstAlias } from '../../src/domain/registry/first-alias.ts';

const version = { state: 'registered', aliases: [] } as const;
const first = { verdict: 'NO_BASELINE', approvals: 0, hasChampion: false } as const;

test('the first version becomes champion', () => {
  expect(firstAlias(version, first)).toBe('champion');
});

test('one that needs approvals, or that another first build overtook, becomes challenger', () => {
  expect(firstAlias(version, { ...first, approvals: 1 })).toBe('challenger');
  expect(firstAlias(version, { ...first, hasChampion: true })).toBe('challenger');
});

test('one that holds against the champion becomes challenger', () => {
  for (const verdict of ['SUPERIOR', 'NON_INFERIOR'] as const)
    expect(firstAlias(version, { ...first, verdict, hasChampion: true })).toBe('challenger');
});

test('one that lost, is not in use or has an alias gets none', () => {
  for (const verdict of ['INFERIOR', 'INCONCLUSIVE', 'INVALID'] as const)
    expect(firstAlias(version, { ...first, verdict })).toBeUndefined();
  expect(firstAlias({ ...version, state: 'rejected' }, first)).toBeUndefined();
  expect(firstAlias({ ...version, aliases: ['production'] }, first)).toBeUndefined();
});
