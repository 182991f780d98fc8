export interface ApproveRing {
  readonly ring: string;
  readonly actor: string;
  readonly reason: string;
}

export interface AbortRollout {
  readonly actor: string;
  readonly reason: string;
  /** keep: devices stay on what they run; revert: they go back to the previous version. */
  readonly mode: 'keep' | 'revert';
}

/** Argument of the updates `pause` and `resume`. */
export interface SteerRollout {
  readonly actor: string;
  readonly reason: string;
}

/**
 * Argument of the signal `supersede`, which a newer rollout sends to the one it takes over from.
 */
export interface SupersedeRollout {
  readonly by: string;
}
