import type { KeptVersion, RetentionRule } from '../domain/registry/retention.ts';
import type { Actor } from '../contracts/audit.ts';

/** What retention would do, or did; sizes are in bytes. */
export interface RetentionPlan {
  readonly rule: RetentionRule;
  readonly go: ReadonlyArray<{
    readonly name: string;
    readonly version: string;
    readonly state: string;
    readonly createdAt: string;
    /** Of what only versions that go need; shared by several of them, it counts for each. */
    readonly bytes: number;
  }>;
  readonly keep: readonly KeptVersion[];
  /**
   * Those of the artefacts below that MLflow clients overwrote or deleted; none is looked for when
   * a model is named.
   */
  readonly overwritten: { readonly artefacts: number; readonly bytes: number };
  /**
   * Artefacts that nothing will need, each counted once, and cached steps that would give them out
   * again.
   */
  readonly artefacts: number;
  readonly bytes: number;
  readonly steps: number;
}

/**
 * Deletes the bytes of old versions, and of files that clients overwrote long ago, that nothing
 * needs. A version's row, its lineage and its audit trail stay for ever.
 */
export interface Retention {
  plan(rule: RetentionRule, model?: string): Promise<RetentionPlan>;
  /**
   * Safe beside registrations and beside itself; whatever an interrupted run left is done by the
   * next.
   */
  apply(asked: { rule: RetentionRule; model?: string | undefined }, by: Actor): Promise<RetentionPlan>;
}
