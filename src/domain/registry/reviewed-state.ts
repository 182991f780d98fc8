import type { Review } from '../../contracts/model/review.ts';
import type { ModelState } from '../../contracts/model/model-state.ts';
import type { ImportedRegistration } from '../../contracts/model/model-version.ts';
import { blockingGates } from '../gates/statuses.ts';
import { approvalGate, standingReviews } from './approvals.ts';
import type { ApprovalRule } from './approvals.ts';
import { firstState, isOutOfUse } from './states.ts';
import { usesAgainst } from './uses.ts';
import type { LiveUses } from './uses.ts';

/** All that the state of a version follows from; `comparison` is the newest one. */
export interface ReviewedVersion extends Pick<ImportedRegistration, 'metrics' | 'comparison'> {
  readonly state: ModelState;
  readonly author: string;
  /** It came through the MLflow API, so no gate of Windlass has seen it. */
  readonly foreign: boolean;
  readonly reviews: readonly Review[];
  readonly rules: readonly ApprovalRule[];
}

/** The state that reviews and the newest comparison give a version that is in use. */
export function reviewedState(version: ReviewedVersion): ModelState {
  if (version.foreign) return 'unjudged';
  const { author, reviews, rules } = version;
  const standing = standingReviews(reviews);
  if (firstState(version) === 'rejected' || standing.some((r) => r.decision === 'reject')) return 'rejected';
  const enough = rules.map((rule) => approvalGate(rule, { author, reviews }));
  return standing.length > 0 && blockingGates(enough).length === 0 ? 'approved' : 'registered';
}

/**
 * The state after a review. A review of a retired or archived version takes effect when the version
 * is restored; its state stays, and archived bytes are kept.
 */
export function stateAfterReview(version: ReviewedVersion): ModelState {
  return isOutOfUse(version.state) ? version.state : reviewedState(version);
}

/**
 * The state after a comparison: what was taken out of use stays there, and what is champion or in a
 * live rollout is not rejected by it.
 */
export function stateAfterComparison(version: ReviewedVersion, uses: LiveUses): ModelState {
  const { state } = version;
  if (state !== 'registered' && state !== 'approved' && state !== 'rejected') return state;
  const to = reviewedState(version);
  return to === 'rejected' && usesAgainst(uses, to).length > 0 ? state : to;
}
