import type { GateResult } from '../../contracts/gate.ts';
import type { ProjectSpec } from '../../contracts/project/project.ts';
import type { ModelState } from '../../contracts/model/model-state.ts';
import type { Review } from '../../contracts/model/review.ts';
import { gate } from '../gates/build.ts';

/**
 * How many approvals a version needs (n), and who may give them (m people; none named: anybody but
 * the author).
 */
export interface ApprovalRule {
  readonly approvals: number;
  readonly approvers: readonly string[];
}

/** The rule of a project; a pipeline from before there were rules needs no approval. */
export function approvalRule(spec: Partial<Pick<ProjectSpec, 'registry'>>): ApprovalRule {
  return spec.registry ?? { approvals: 0, approvers: [] };
}

/** The newest word of each person, in the order of time. */
export function standingReviews(reviews: readonly Review[]): Review[] {
  const newest = new Map(reviews.map((review) => [review.actor, review]));
  return reviews.filter((review) => newest.get(review.actor) === review);
}

/** Author of what a git push built, by the name that the git server tells. */
export const pushedBy = (pusher: string): string => (pusher === '' ? 'git push' : `git push of ${pusher}`);

/** Whether a version is this person's own work, started by hand or by a push. */
const isAuthor = (actor: string, author: string): boolean => author === actor || author === pushedBy(actor);

/** Why this person may not approve a version, or null when they may. */
export function refusesApprover(actor: string, author: string, rule: ApprovalRule): string | null {
  if (isAuthor(actor, author)) return `${actor} is its author, and an author may not approve`;
  if (rule.approvers.length > 0 && !rule.approvers.includes(actor))
    return `${actor} is not among the approvers of the project (${rule.approvers.join(', ')})`;
  return null;
}

/** Enough approvals by people who may give them, and no rejection that still stands. */
export function approvalGate(
  rule: ApprovalRule,
  { author, reviews }: { author: string; reviews: readonly Review[] },
): GateResult {
  const standing = standingReviews(reviews);
  const against = standing.filter((r) => r.decision === 'reject');
  const valid = standing.filter(
    (r) => r.decision === 'approve' && refusesApprover(r.actor, author, rule) === null,
  );
  const seen = { observed: valid.length, threshold: rule.approvals, n: valid.length };
  if (against.length > 0) {
    const who = against.map((r) => `${r.actor} (${r.reason})`).join(', ');
    return gate('approvals', 'fail', { ...seen, reason: `rejected by ${who}` });
  }
  const missing = rule.approvals - valid.length;
  if (missing > 0) {
    const given = valid.length === 0 ? '' : `, has that of ${valid.map((r) => r.actor).join(', ')}`;
    const open = rule.approvers.filter((a) => !isAuthor(a, author) && !valid.some((r) => r.actor === a));
    const whose = rule.approvers.length === 0 ? `anybody but its author ${author}` : open.join(', ');
    const reason = `needs ${missing} more approval${missing === 1 ? '' : 's'} by ${whose === '' ? 'nobody who is left' : whose}${given}`;
    return gate('approvals', 'fail', { ...seen, reason });
  }
  const reason =
    rule.approvals === 0 ? 'the project wants none' : `approved by ${valid.map((r) => r.actor).join(', ')}`;
  return gate('approvals', 'pass', { ...seen, reason });
}

/** Whether a version lacks approvals that somebody may still give. */
export function awaitsApproval(
  { state, author, reviews }: { state: ModelState; author: string; reviews: readonly Review[] },
  rule: ApprovalRule,
): boolean {
  return state === 'registered' && approvalGate(rule, { author, reviews }).status !== 'pass';
}
