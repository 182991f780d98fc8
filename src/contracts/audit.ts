/**
 * Who did something and why; every change carries one and leaves an audit event in the same
 * transaction.
 */
export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

export interface AuditEvent {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string;
  readonly details: Record<string, unknown>;
}

export interface AuditFilter {
  /** Exact, or a prefix when it ends with `*`. */
  readonly subject?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly limit?: number | undefined;
}

/**
 * Whether the audit trail is whole; `head` is the hash of its last good event, to be kept elsewhere
 * and asked about later.
 */
export interface AuditVerdict {
  readonly ok: boolean;
  readonly entries: number;
  readonly head: string;
  /** Number of the first event that is altered or missing, and what is wrong with it. */
  readonly brokenAt?: number;
  readonly reason?: string;
}
