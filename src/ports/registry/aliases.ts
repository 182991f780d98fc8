import type { Actor } from '../../contracts/audit.ts';
import type { GateResult } from '../../contracts/gate.ts';
import type { AliasStretch } from '../../contracts/model/review.ts';

/** Aliases of versions, with their history. */
export interface Aliases {
  /**
   * Points an alias at a version; keeps the history. Throws APPROVAL_REQUIRED or PROMOTION_REFUSED
   * that names what the version lacks (src/domain/registry/promotion.ts).
   */
  setAlias(target: { name: string; alias: string; version: string }, by: Actor): Promise<void>;
  /** Ends an alias; nothing happens when nothing carries it. */
  removeAlias(target: { name: string; alias: string }, by: Actor): Promise<void>;
  /** What an alias asks of a version, each as a gate; throws NOT_FOUND. */
  promotionGates(name: string, version: string, alias: string): Promise<GateResult[]>;
  /** Version that an alias pointed at, at a point in time, and who had approved it by then. */
  aliasAt(name: string, alias: string, at: Date): Promise<AliasStretch | undefined>;
  /** Newest first. */
  aliasHistory(name: string, alias?: string): Promise<AliasStretch[]>;
}
