import type { ComparisonVerdict } from '../../contracts/build/comparison.ts';
import type { ModelStanding } from '../../contracts/model/model-version.ts';
import { ALIASES } from '../../contracts/names.ts';
import { promotable } from '../comparison/verdict.ts';
import { isUsable } from './states.ts';

/** What the first alias of a version depends on, beside the version itself. */
export interface FirstAliasCase {
  readonly verdict: ComparisonVerdict;
  /** How many approvals the project asks for. */
  readonly approvals: number;
  /** Whether some version is champion now: another first build may have been quicker. */
  readonly hasChampion: boolean;
}

/**
 * The alias that a build gives its version: the first version becomes champion unless it needs
 * approvals, others that are good enough challenger, and one that was registered before or is not
 * in use stays as it is.
 */
export function firstAlias(
  { state, aliases }: Pick<ModelStanding, 'state' | 'aliases'>,
  { verdict, approvals, hasChampion }: FirstAliasCase,
): keyof typeof ALIASES | undefined {
  if (aliases.length > 0 || !isUsable(state) || !promotable(verdict)) return undefined;
  const isFirst = verdict === 'NO_BASELINE' && !hasChampion;
  return isFirst && approvals === 0 ? ALIASES.champion : ALIASES.challenger;
}
