/** Steps of `buildAndTrain` in order. Apart from build.ts because workflows must not load zod. */
export const BUILD_STEPS = [
  'checkout',
  'environment',
  'checks',
  'publish',
  'snapshot',
  'data-gates',
  'search',
  'train',
  'model-gates',
  'evaluate',
  'optimise',
  'explain',
  'compare',
  'register',
] as const;
export type BuildStep = (typeof BUILD_STEPS)[number];
