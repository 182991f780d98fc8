/**
 * `drift-and-loss`: persistent drift needs estimated or realised loss beside it; `drift`:
 * persistent drift suffices.
 */
export const RETRAIN_ON = ['drift-and-loss', 'drift', 'never'] as const;
export type RetrainOn = (typeof RETRAIN_ON)[number];
