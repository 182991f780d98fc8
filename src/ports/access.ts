import type { Action, Grant } from '../contracts/roles.ts';
import type { Actor } from '../contracts/audit.ts';

export interface StoredGrant extends Grant {
  readonly grantedAt: string;
  readonly grantedBy: string;
}

/** A token as it may be shown: never the secret, of which only a hash is kept. */
export interface ApiToken {
  readonly id: string;
  readonly actor: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/**
 * Who may do what, and by which tokens the API knows them. Every change leaves an audit event in
 * the same transaction.
 */
export interface Access {
  /** Whether there is any grant: without one, everybody may do everything. */
  enforced(): Promise<boolean>;
  /** Throws FORBIDDEN that names the roles which would do. */
  check(actor: string, asked: { action: Action; project?: string | undefined }): Promise<void>;
  grants(filter?: { actor?: string; project?: string }): Promise<StoredGrant[]>;
  /** The first grant must make somebody admin of all projects; throws CONFLICT otherwise. */
  grant(grant: Grant, by: Actor): Promise<void>;
  /**
   * Throws NOT_FOUND, or CONFLICT when nobody would be admin of all projects while other grants are
   * left.
   */
  revoke(grant: Grant, by: Actor): Promise<void>;
  /** The token itself is answered once and never again. */
  createToken(
    token: { actor: string; expiresAt?: Date | undefined },
    by: Actor,
  ): Promise<ApiToken & { readonly token: string }>;
  revokeToken(id: string, by: Actor): Promise<ApiToken>;
  tokens(): Promise<ApiToken[]>;
  /** Whose token this is; undefined when it is unknown, expired or revoked. */
  actorOf(token: string): Promise<string | undefined>;
}
