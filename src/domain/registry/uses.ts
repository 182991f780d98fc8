import { ALIASES } from '../../contracts/names.ts';
import type { ModelState } from '../../contracts/model/model-state.ts';

/** What points at a version now. */
export interface LiveUses {
  readonly aliases: readonly string[];
  /** Ids of rollouts that have not finished. */
  readonly rollouts: readonly string[];
}

/** What a version is used for, each in words. */
export function usesInWords({ aliases, rollouts }: LiveUses): string[] {
  return [...aliases.map((alias) => `it is ${alias}`), ...rollouts.map((id) => `the rollout ${id} is live`)];
}

/**
 * The uses that keep a version from a state, in words; an alias other than champion ends when its
 * version is rejected.
 */
export function usesAgainst({ aliases, rollouts }: LiveUses, to: ModelState): string[] {
  const kept = aliases.filter((alias) => to !== 'rejected' || alias === ALIASES.champion);
  return usesInWords({ aliases: kept, rollouts });
}
