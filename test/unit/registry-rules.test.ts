import { VERDICTS } from '../../src/contracts/build/comparison.ts';
import { MODEL_STATES } from '../../src/contracts/model/model-state.ts';
import type { Review } from '../../src/contracts/model/review.ts';
import { isAliasName } from '../../src/domain/registry/alias-name.ts';
import { refusesApproval } from '../../src/domain/registry/approval-refusal.ts';
import { awaitsApproval } from '../../src/domain/registry/approvals.ts';
import { firstAlias } from '../../src/domain/registry/first-alias.ts';
import { comparisonCounts } from '../../src/domain/registry/promotion.ts';
import type { PromotionCase } from '../../src/domain/registry/promotion.ts';
import {
  reviewedState,
  stateAfterComparison,
  stateAfterReview,
} from '../../src/domain/registry/reviewed-state.ts';
import type { ReviewedVersion } from '../../src/domain/registry/reviewed-state.ts';
import { isOutOfUse } from '../../src/domain/registry/states.ts';
import { usesAgainst, usesInWords } from '../../src/domain/registry/uses.ts';
import { METRICS, registration } from '../support/registry-fixtures.ts';

const said = (actor: string, decision: Review['decision'] = 'approve'): Review => ({
  actor,
  decision,
  reason: 'seen',
  at: '2026-01-01T00:00:00.000Z',
});
const NO_RULE = { approvals: 0, approvers: [] };
const LOST = { ...registration().comparison, verdict: 'INFERIOR' } as const;
const VERSION: ReviewedVersion = {
  state: 'registered',
  author: 'ada',
  foreign: false,
  metrics: METRICS,
  comparison: { ...registration().comparison, verdict: 'SUPERIOR' },
  reviews: [],
  rules: [NO_RULE],
};
const UNUSED = { aliases: [], rollouts: [] };

describe('the state that reviews and the newest comparison give', () => {
  const state = (change: Partial<ReviewedVersion>) => reviewedState({ ...VERSION, ...change });

  test.each<[string, Partial<ReviewedVersion>, string]>([
    ['nobody said anything', {}, 'registered'],
    ['one approval, none wanted', { reviews: [said('bob')] }, 'approved'],
    ['one of two approvals', { reviews: [said('bob')], rules: [{ ...NO_RULE, approvals: 2 }] }, 'registered'],
    [
      'the approval of its author',
      { reviews: [said('ada')], rules: [{ ...NO_RULE, approvals: 1 }] },
      'registered',
    ],
    [
      'enough for one rule, not for the other',
      { reviews: [said('bob')], rules: [NO_RULE, { approvals: 1, approvers: ['eve'] }] },
      'registered',
    ],
    ['a rejection beside an approval', { reviews: [said('bob'), said('eve', 'reject')] }, 'rejected'],
    ['a rejection taken back', { reviews: [said('eve', 'reject'), said('eve')] }, 'approved'],
    ['a lost comparison', { comparison: LOST, reviews: [said('bob')] }, 'rejected'],
    ['a lost comparison of what nothing measured', { comparison: LOST, metrics: null }, 'registered'],
    ['it came through the MLflow API', { foreign: true, reviews: [said('eve', 'reject')] }, 'unjudged'],
  ])('%s', (_, change, expected) => {
    expect(state(change)).toBe(expected);
  });

  test.each(MODEL_STATES.map((s) => [s]))('a review of a version that is %s', (now) => {
    const after = stateAfterReview({ ...VERSION, state: now, reviews: [said('bob')] });
    expect(after).toBe(now === 'retired' || now === 'archived' ? now : 'approved');
    expect(isOutOfUse(now)).toBe(now === 'retired' || now === 'archived');
  });

  test.each(MODEL_STATES.map((s) => [s]))('a lost comparison of a version that is %s', (now) => {
    const version = { ...VERSION, state: now, comparison: LOST };
    const inUse = now === 'registered' || now === 'approved' || now === 'rejected';
    expect(stateAfterComparison(version, UNUSED)).toBe(inUse ? 'rejected' : now);
    expect(stateAfterComparison(version, { aliases: ['champion'], rollouts: [] })).toBe(now);
    expect(stateAfterComparison(version, { aliases: [], rollouts: ['r1'] })).toBe(now);
    expect(stateAfterComparison(version, { aliases: ['challenger'], rollouts: [] })).toBe(
      inUse ? 'rejected' : now,
    );
  });
});

test('what keeps a version from a state', () => {
  const uses = { aliases: ['challenger', 'champion'], rollouts: ['r1'] };
  expect(usesInWords(uses)).toEqual(['it is challenger', 'it is champion', 'the rollout r1 is live']);
  expect(usesAgainst(uses, 'rejected')).toEqual(['it is champion', 'the rollout r1 is live']);
  for (const to of ['retired', 'archived'] as const) expect(usesAgainst(uses, to)).toEqual(usesInWords(uses));
  expect(usesAgainst(UNUSED, 'retired')).toEqual([]);
});

describe('who may approve what', () => {
  const passed = { name: 'loads', status: 'pass', observed: 1, threshold: 1, n: 1, reason: '' } as const;
  const FIT: Omit<PromotionCase, 'alias'> = {
    state: 'registered',
    author: 'ada',
    comparison: VERSION.comparison,
    reviews: [],
    rules: [NO_RULE],
    gates: [passed],
    champion: null,
    again: 'windlass train',
    heldBefore: false,
  };
  const refusal = (change: Partial<typeof FIT>, actor = 'bob') =>
    refusesApproval({ ...FIT, ...change }, { actor, reference: 'tiny@2' });

  test('anybody but the author, or those whom every rule names', () => {
    const rules = [NO_RULE, { approvals: 1, approvers: ['bob'] }];
    expect(refusal({ rules })).toBeNull();
    expect(refusal({}, 'ada')).toMatchObject({
      code: 'FORBIDDEN',
      message: 'tiny@2 is not approved: ada is its author, and an author may not approve.',
    });
    expect(refusal({ rules }, 'eve')).toMatchObject({
      code: 'FORBIDDEN',
      message: 'tiny@2 is not approved: eve is not among the approvers of the project (bob).',
    });
  });

  test('only a version that could be promoted with the approval', () => {
    const gates = [{ ...passed, status: 'fail' } as const];
    expect(refusal({ gates })).toMatchObject({
      code: 'PROMOTION_REFUSED',
      message: 'tiny@2 may not be approved: gates: did not pass: loads (fail).',
      gates: [{ name: 'state' }, { name: 'gates' }, { name: 'comparison' }],
    });
    expect(refusal({ rules: [{ approvals: 3, approvers: [] }] })).toBeNull();
  });

  test.each(MODEL_STATES.map((s) => [s]))('a version that is %s', (state) => {
    const found = refusal({ state });
    if (['registered', 'approved', 'rejected'].includes(state)) {
      expect(found).toBeNull();
    } else {
      expect(found).toMatchObject({
        code: 'CONFLICT',
        message: `tiny@2 is ${state}, so it cannot be approved.`,
      });
      expect(found?.hint).toMatch(state === 'deleted' ? /build it again/ : /models restore tiny@2/);
    }
  });

  test('a version waits for approvals while it is registered and lacks some', () => {
    const rule = { approvals: 1, approvers: [] };
    expect(awaitsApproval(VERSION, rule)).toBe(true);
    expect(awaitsApproval(VERSION, NO_RULE)).toBe(false);
    expect(awaitsApproval({ ...VERSION, reviews: [said('bob')] }, rule)).toBe(false);
    expect(awaitsApproval({ ...VERSION, state: 'retired' }, rule)).toBe(false);
  });
});

describe('the alias that a build asks for', () => {
  const first = (verdict: (typeof VERDICTS)[number], approvals = 0) =>
    firstAlias({ aliases: [], state: 'registered' }, { verdict, approvals, hasChampion: false });

  test.each(VERDICTS.map((v) => [v]))('verdict %s', (verdict) => {
    const expected = { NO_BASELINE: 'champion', SUPERIOR: 'challenger', NON_INFERIOR: 'challenger' };
    expect(first(verdict)).toBe((expected as Record<string, string>)[verdict]);
  });

  test('a first version that needs approvals is challenger', () => {
    expect(first('NO_BASELINE', 1)).toBe('challenger');
  });

  test.each(MODEL_STATES.map((s) => [s]))('a version that is %s', (state) => {
    const usable = state === 'registered' || state === 'approved';
    const won = { verdict: 'SUPERIOR', approvals: 0, hasChampion: true } as const;
    expect(firstAlias({ aliases: [], state }, won)).toBe(usable ? 'challenger' : undefined);
  });
});

test('a later comparison counts when it is with the present champion and says something new', () => {
  const with3 = (verdict: (typeof VERDICTS)[number]) => {
    return { verdict, reason: '', champion: { version: '3', value: 0.8 } };
  };
  const none = { verdict: 'NO_BASELINE', reason: '', champion: null } as const;
  const now = { champion: '3', heldBefore: false };
  expect(comparisonCounts({ ...now, comparison: none }, with3('SUPERIOR'))).toBe(true);
  expect(comparisonCounts({ ...now, comparison: with3('INFERIOR') }, with3('SUPERIOR'))).toBe(true);
  expect(comparisonCounts({ ...now, comparison: with3('SUPERIOR') }, with3('SUPERIOR'))).toBe(false);
  expect(comparisonCounts({ ...now, comparison: with3('SUPERIOR') }, none)).toBe(false);
  expect(comparisonCounts({ ...now, champion: '4', comparison: none }, with3('SUPERIOR'))).toBe(false);
  expect(comparisonCounts({ ...now, heldBefore: true, comparison: none }, with3('SUPERIOR'))).toBe(false);
});

test.each([
  ['champion', true],
  ['to-look-at-2', true],
  ['latest', false],
  ['Champion', false],
  ['2', false],
  ['', false],
  ['a b', false],
])('whether an alias may be called "%s": %s', (alias, may) => {
  expect(isAliasName(alias)).toBe(may);
});
