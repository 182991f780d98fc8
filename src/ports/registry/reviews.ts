import type { Actor } from '../../contracts/audit.ts';
import type { ModelStanding } from '../../contracts/model/model-version.ts';
import type { Review } from '../../contracts/model/review.ts';

/** What people say of a version, and whether it is in use. */
export interface Reviews {
  /**
   * A person's word about a version; the newest of each counts. Throws FORBIDDEN when that person
   * may not approve, and PROMOTION_REFUSED when the version could not be promoted however many
   * approve.
   */
  reviewModel(
    target: { name: string; version: string; decision: Review['decision'] },
    by: Actor,
  ): Promise<ModelStanding>;
  /** Every word about a version, oldest first. */
  reviews(name: string, version: string): Promise<Review[]>;
  /**
   * Takes a version out of use, or back into it; throws CONFLICT while an alias or a live rollout
   * uses it.
   */
  changeState(
    target: { name: string; version: string; to: 'retired' | 'archived' | 'registered' },
    by: Actor,
  ): Promise<ModelStanding>;
}
