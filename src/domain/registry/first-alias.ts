import type { ComparisonVerdict } from '../../contracts/build/comparison.ts';
import type { ModelVersion } from '../../contracts/model/model-version.ts';
import { ALIASES } from '../../contracts/names.ts';
import { promotable } from '../comparison/verdict.ts';
import type { ApprovalRule } from './approvals.ts';
import { isUsable } from './states.ts';

/**
 * The alias that a build asks for its version: none for one that was registered before or may not
 * be promoted, champion for one that had no baseline and needs no approval, challenger for all
 * others. Champion is meant for a model that has none: who finds another there, because it was
 * registered meanwhile, takes challenger.
 */
export function firstAlias(
  { aliases, state }: Pick<ModelVersion, 'aliases' | 'state'>,
  verdict: ComparisonVerdict,
  { approvals }: Pick<ApprovalRule, 'approvals'>,
): keyof typeof ALIASES | null {
  if (aliases.length > 0 || !promotable(verdict) || !isUsable(state)) return null;
  return verdict === 'NO_BASELINE' && approvals === 0 ? ALIASES.champion : ALIASES.challenger;
}
