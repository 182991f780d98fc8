/** A stretch of time during which an alias pointed at a version; `until` is null while it does. */
export interface AliasStretch {
  readonly alias: string;
  readonly version: string;
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string | null;
  /** Who had approved the version by then. */
  readonly approvals: readonly Review[];
}

/** One person's word about a version. A later one takes the earlier one back. */
export interface Review {
  readonly actor: string;
  readonly decision: 'approve' | 'reject';
  readonly reason: string;
  readonly at: string;
}
