import type { ModelState } from '../../contracts/model/model-state.ts';
import type { ImportedRegistration } from '../../contracts/model/model-version.ts';
import { promotable } from '../comparison/verdict.ts';

/**
 * Allowed transitions. `deleted` is final: the same content, registered again, is the next version.
 */
export const MODEL_TRANSITIONS: Readonly<Record<ModelState, readonly ModelState[]>> = {
  registered: ['approved', 'rejected', 'retired', 'archived', 'deleted'],
  approved: ['registered', 'rejected', 'retired', 'archived', 'deleted'],
  rejected: ['registered', 'approved', 'retired', 'archived', 'deleted'],
  retired: ['registered', 'approved', 'rejected', 'archived', 'deleted', 'unjudged'],
  archived: ['registered', 'approved', 'rejected', 'retired', 'unjudged'],
  deleted: [],
  unjudged: ['retired', 'archived', 'deleted'],
};

/** Whether a version may go from one state to another; staying where it is always may. */
export function mayBecome(from: ModelState, to: ModelState): boolean {
  return from === to || MODEL_TRANSITIONS[from].includes(to);
}

/** Whether a version in this state may be deployed and carry an alias, as far as its state goes. */
export function isUsable(state: ModelState): boolean {
  return state === 'registered' || state === 'approved';
}

/** Retired or archived by a person; it can be restored. */
export function isOutOfUse(state: ModelState): boolean {
  return state === 'retired' || state === 'archived';
}

/**
 * The state of a new version: one that lost against the champion is kept for people to look at, and
 * never rolled out; one that nothing has measured has not lost.
 */
export function firstState({
  comparison,
  metrics,
}: Pick<ImportedRegistration, 'comparison' | 'metrics'>): 'registered' | 'rejected' {
  return metrics === null || promotable(comparison.verdict) ? 'registered' : 'rejected';
}
