import type { ComparisonVerdict } from '../../src/contracts/build/comparison.ts';
import { VERDICTS } from '../../src/contracts/build/comparison.ts';
import {
  approvalGate,
  approvalRule,
  pushedBy,
  standingReviews,
} from '../../src/domain/registry/approvals.ts';
import type { Review } from '../../src/contracts/model/review.ts';
import { promotionGates, promotionRefusal } from '../../src/domain/registry/promotion.ts';
import type { PromotionCase } from '../../src/domain/registry/promotion.ts';
import { dataRef } from '../support/registry-fixtures.ts';
import { commandAgain } from '../../src/domain/registry/command-again.ts';
import { MODEL_STATES } from '../../src/contracts/model/model-state.ts';
import { mayBecome } from '../../src/domain/registry/states.ts';
import fc from '../support/properties.ts';

const said = (actor: string, decision: Review['decision'] = 'approve'): Review => ({
  actor,
  decision,
  reason: `${actor}'s reason`,
  at: '2026-01-01T00:00:00.000Z',
});
const passed = { name: 'loads', status: 'pass', observed: 1, threshold: 1, n: 1, reason: '' } as const;
const FIT: PromotionCase = {
  alias: 'champion',
  state: 'registered',
  author: 'ada',
  gates: [passed],
  comparison: { verdict: 'SUPERIOR', reason: 'better by 0.04', champion: null },
  reviews: [],
  rules: [{ approvals: 0, approvers: [] }],
  champion: null,
  again: 'windlass train',
  heldBefore: false,
};
const refusal = (change: Partial<PromotionCase>) => promotionRefusal(promotionGates({ ...FIT, ...change }));

describe('the policy of promotion', () => {
  test('a fit version of a project that wants no approval may be champion', () => {
    expect(refusal({})).toBeUndefined();
    expect(approvalRule({})).toEqual({ approvals: 0, approvers: [] });
  });

  test.each(VERDICTS.map((v) => [v]))('verdict %s', (verdict: ComparisonVerdict) => {
    const may = ['SUPERIOR', 'NON_INFERIOR', 'NO_BASELINE'].includes(verdict);
    const comparison = { verdict, reason: 'measured', champion: null };
    expect(refusal({ comparison })).toEqual(
      may ? undefined : { code: 'PROMOTION_REFUSED', why: 'comparison: measured' },
    );
  });

  test.each([
    ['NO_BASELINE', null, 'nothing'],
    ['SUPERIOR', '1', 'version 1'],
    ['NON_INFERIOR', 'weak@3', 'weak@3'],
  ] as const)(
    '%s to %s may be the first champion, and takes the place of none',
    (verdict, version, words) => {
      const compared = version === null ? null : { version, value: 0.8 };
      const comparison = { verdict, reason: 'measured', champion: compared };
      expect(refusal({ comparison })).toBeUndefined();
      expect(refusal({ comparison, champion: '3' })).toEqual({
        code: 'PROMOTION_REFUSED',
        why: `comparison: it was compared with ${words}, and version 3 is champion now: \`windlass train\` compares it with that one`,
      });
      expect(refusal({ comparison, champion: '3', heldBefore: true })).toBeUndefined();
      expect(
        refusal({ comparison: { ...comparison, champion: { version: '3', value: 0 } }, champion: '3' }),
      ).toBe(undefined);
    },
  );

  test('the command that compares a version again is one that a shell reads back', () => {
    const made = { pipeline: { name: 'tiny', version: '2' }, data: { ...dataRef(), source: "it's/here" } };
    expect(commandAgain({ ...made, params: { depth: 3, note: 'a b' }, seed: 7 })).toBe(
      String.raw`windlass train --pipeline tiny@2 --data 'it'\''s/here' --seed 7 --param depth=3 --param 'note="a b"'`,
    );
    const search = { folds: [], data: made.data };
    expect(commandAgain({ ...made, params: { depth: 3 }, search })).not.toContain('depth');
    expect(commandAgain({ ...made, origin: 'imported' })).toContain('windlass models import');
  });

  test('gates that failed, saw too little, or were never checked', () => {
    const failed = { ...passed, name: 'parity', status: 'fail' } as const;
    const short = { ...passed, name: 'slices', status: 'insufficient' } as const;
    expect(refusal({ gates: [passed, failed, short] })?.why).toBe(
      'gates: did not pass: parity (fail), slices (insufficient)',
    );
    expect(refusal({ gates: [] })?.why).toBe('gates: no gate was checked');
  });

  test('n of m approvals, of which the author gives none', () => {
    const rules = [{ approvals: 2, approvers: ['ada', 'bob', 'eve', 'joe'] }];
    const why = (reviews: Review[]) => refusal({ rules, reviews });
    expect(why([])).toEqual({
      code: 'APPROVAL_REQUIRED',
      why: 'approvals: needs 2 more approvals by bob, eve, joe',
    });
    expect(why([said('ada'), said('mallory'), said('bob')])?.why).toBe(
      'approvals: needs 1 more approval by eve, joe, has that of bob',
    );
    expect(why([said('bob'), said('eve')])).toBeUndefined();
    expect(why([said('bob'), said('bob')])?.code).toBe('APPROVAL_REQUIRED');
    expect(refusal({ rules, author: pushedBy('bob'), reviews: [said('bob'), said('eve')] })?.why).toBe(
      'approvals: needs 1 more approval by ada, joe, has that of eve',
    );
  });

  test('a rejection takes an approval back, and stands in the way until it is taken back itself', () => {
    const rules = [{ approvals: 1, approvers: [] }];
    expect(refusal({ rules, reviews: [said('bob'), said('bob', 'reject')] })?.why).toBe(
      "approvals: rejected by bob (bob's reason)",
    );
    expect(refusal({ rules, reviews: [said('bob'), said('eve', 'reject')] })?.why).toMatch(/rejected by eve/);
    expect(refusal({ rules, reviews: [said('eve', 'reject'), said('eve')] })).toBeUndefined();
  });

  test('the stricter of two rules decides, so that a commit cannot loosen its own', () => {
    const rules = [
      { approvals: 0, approvers: [] },
      { approvals: 1, approvers: ['bob'] },
    ];
    expect(refusal({ rules })?.code).toBe('APPROVAL_REQUIRED');
    expect(refusal({ rules, reviews: [said('bob')] })).toBeUndefined();
  });

  test('going back to a former champion waits for nobody, unless somebody said no', () => {
    const rules = [{ approvals: 2, approvers: [] }];
    expect(refusal({ rules, heldBefore: true })).toBeUndefined();
    expect(refusal({ rules, heldBefore: true, reviews: [said('eve', 'reject')] })).toBeDefined();
  });

  test('other aliases ask only that the version is in use', () => {
    const lost = {
      comparison: { verdict: 'INFERIOR', reason: '', champion: null },
      state: 'rejected',
    } as const;
    expect(refusal({ ...lost, alias: 'to-look-at' })).toBeUndefined();
    expect(refusal({ ...lost, alias: 'challenger' })?.why).toBe('state: it is rejected');
    for (const state of ['retired', 'archived', 'deleted'] as const)
      expect(refusal({ alias: 'to-look-at', state })?.why).toBe(`state: it is ${state}`);
  });
});

test('approvals: one person counts once and the last word counts, whatever the order (property)', () => {
  const review = fc.record({
    actor: fc.constantFrom('ada', 'bob', 'eve', 'joe'),
    decision: fc.constantFrom('approve' as const, 'reject' as const),
    reason: fc.constant('r'),
    at: fc.constant(''),
  });
  fc.assert(
    fc.property(fc.array(review), fc.integer({ min: 0, max: 4 }), (reviews, approvals) => {
      const last = new Map(reviews.map((r) => [r.actor, r.decision]));
      const yes = [...last].filter(([actor, decision]) => decision === 'approve' && actor !== 'ada').length;
      const no = [...last.values()].includes('reject');
      const gate = approvalGate({ approvals, approvers: [] }, { author: 'ada', reviews });
      expect(gate.status).toBe(!no && yes >= approvals ? 'pass' : 'fail');
      expect(standingReviews(reviews)).toHaveLength(last.size);
    }),
  );
});

test('states: what is deleted stays so, and what is archived is never deleted', () => {
  const from = (state: (typeof MODEL_STATES)[number]) => MODEL_STATES.filter((to) => mayBecome(state, to));
  expect(from('deleted')).toEqual(['deleted']);
  expect(from('archived')).not.toContain('deleted');
  for (const state of MODEL_STATES) expect(mayBecome(state, state)).toBe(true);
});
