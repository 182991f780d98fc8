import type { OptimiseOptions } from '../../contracts/build/optimisation.ts';

/**
 * What is tried, with the defaults filled in; the build's options count more than the project's,
 * field by field.
 */
export function optimisationPlan(
  project: OptimiseOptions | undefined,
  build: OptimiseOptions | undefined,
): Required<OptimiseOptions> {
  const { candidates = [], prefer = 'latency', minGain = 0.1 } = { ...project, ...build };
  return { candidates, prefer, minGain };
}
