import type { Comparison } from '../../contracts/build/comparison.ts';
import type { GateResult } from '../../contracts/gate.ts';
import { ALIASES } from '../../contracts/names.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { promotable } from '../comparison/verdict.ts';
import { blockingGates } from '../gates/statuses.ts';
import { approvalGate, standingReviews } from './approvals.ts';
import type { ApprovalRule } from './approvals.ts';
import type { Review } from '../../contracts/model/review.ts';
import { isUsable } from './states.ts';
import type { ModelState } from '../../contracts/model/model-state.ts';
import { gate } from '../gates/build.ts';

const STATE_REASONS: Partial<Record<ModelState, string>> = {
  unjudged: 'it is unjudged: it came through the MLflow door, and no gate of Windlass has seen it',
};

/** All that decides whether an alias may point at a version. */
export interface PromotionCase {
  readonly alias: string;
  readonly state: ModelState;
  /** Who registered the version. */
  readonly author: string;
  readonly gates: readonly GateResult[];
  /** The newest one that was recorded. */
  readonly comparison: Pick<Comparison, 'verdict' | 'reason' | 'champion'>;
  readonly reviews: readonly Review[];
  /**
   * The version's own rule and the present champion's: a commit cannot loosen the rule that it is
   * judged by.
   */
  readonly rules: readonly ApprovalRule[];
  /** The version that is champion now. */
  readonly champion: string | null;
  /** Command that compares the version with it. */
  readonly again: string;
  /**
   * It was champion before: going back to it is never held up by a rule or a champion that came
   * later.
   */
  readonly heldBefore: boolean;
}

/**
 * What an alias asks of the version that it is to point at. Any alias asks for a version that is in
 * use; `champion` asks besides for passed gates, a comparison that may be promoted, and the
 * approvals of the project.
 */
export function promotionGates(asked: PromotionCase): GateResult[] {
  const state = gate('state', fits(asked), {
    observed: asked.state,
    threshold: 'registered or approved',
    n: null,
    reason: fits(asked) ? '' : (STATE_REASONS[asked.state] ?? `it is ${asked.state}`),
  });
  if (asked.alias !== ALIASES.champion) return [state];
  return [state, passedGates(asked.gates), comparisonGate(asked), ...approvalGates(asked)];
}

/** All that stands in the way, in words; APPROVAL_REQUIRED when only approvals are missing. */
export function promotionRefusal(
  gates: readonly GateResult[],
): { readonly code: ErrorCode; readonly why: string } | undefined {
  const missing = blockingGates(gates);
  if (missing.length === 0) return undefined;
  const onlyApprovals = missing.every((gate) => gate.name === 'approvals');
  return {
    code: onlyApprovals ? 'APPROVAL_REQUIRED' : 'PROMOTION_REFUSED',
    why: missing.map(({ name, observed, reason }) => `${name}: ${reason || String(observed)}`).join('; '),
  };
}

/**
 * A version that lost, or that nothing has judged, may carry other aliases than champion and
 * challenger.
 */
function fits({ alias, state }: PromotionCase): boolean {
  if (isUsable(state)) return true;
  return (
    (state === 'rejected' || state === 'unjudged') &&
    alias !== ALIASES.champion &&
    alias !== ALIASES.challenger
  );
}

function passedGates(gates: readonly GateResult[]): GateResult {
  const blocking = blockingGates(gates);
  const names = blocking.map((gate) => `${gate.name} (${gate.status})`).join(', ');
  return gate('gates', gates.length === 0 ? 'insufficient' : blocking.length === 0 ? 'pass' : 'fail', {
    observed: gates.length - blocking.length,
    threshold: gates.length,
    n: gates.length,
    reason: gates.length === 0 ? 'no gate was checked' : names === '' ? '' : `did not pass: ${names}`,
  });
}

/**
 * Only a comparison with the version whose place it would take counts; where there is none, any
 * that was not lost.
 */
function comparisonGate({ comparison, champion, heldBefore, again }: PromotionCase): GateResult {
  const { verdict, reason } = comparison;
  const other = comparison.champion?.version ?? null;
  const counts = heldBefore || champion === null || other === champion;
  const won = promotable(verdict);
  const stale = `it was compared with ${other === null ? 'nothing' : described(other)}, and ${described(champion ?? '')} is champion now: \`${again}\` compares it with that one`;
  return gate('comparison', won && counts, {
    observed: verdict,
    threshold: champion === null ? 'SUPERIOR, NON_INFERIOR or NO_BASELINE' : 'SUPERIOR or NON_INFERIOR',
    n: null,
    reason: [...(won && !counts ? [] : [reason]), ...(counts ? [] : [stale])].join('; '),
  });
}

/**
 * Whether a comparison of a version that was there already counts from now on: it was with the
 * present champion, it says something new, and a version that was champion before needs none.
 */
export function comparisonCounts(
  { champion, heldBefore, comparison: before }: Pick<PromotionCase, 'champion' | 'heldBefore' | 'comparison'>,
  now: PromotionCase['comparison'],
): boolean {
  const other = now.champion?.version;
  if (heldBefore || other === undefined || other !== champion) return false;
  return before.champion?.version !== other || before.verdict !== now.verdict;
}

/** A version of the same model is named by its number, one of another model by name@version. */
const described = (version: string): string => (version.includes('@') ? version : `version ${version}`);

function approvalGates({ rules, author, reviews, heldBefore }: PromotionCase): GateResult[] {
  const gates = rules.map((rule) => approvalGate(rule, { author, reviews }));
  const rejected = standingReviews(reviews).some((r) => r.decision === 'reject');
  if (!heldBefore || rejected) return gates;
  return gates.map((gate) => ({ ...gate, status: 'pass', reason: 'it was champion before' }));
}
