export interface StragglerWatchInput {
  readonly rolloutId: string;
  /**
   * deploy: devices that have not taken the version yet; revert: devices that have not gone back
   * yet.
   */
  readonly mode: 'deploy' | 'revert';
  readonly model: string;
  readonly version: string;
  /**
   * Seconds of the first wait; it doubles with every look that finds nothing, up to
   * `longestSeconds`.
   */
  readonly firstSeconds?: number;
  readonly longestSeconds?: number;
}

export interface StragglerWatchResult {
  readonly rolloutId: string;
  readonly looks: number;
  readonly left: number;
  readonly good: number;
  readonly failed: number;
}
