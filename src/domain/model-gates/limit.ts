import type { GateResult } from '../../contracts/gate.ts';

export const round = (value: number): number => Number(value.toPrecision(4));

export interface Limit {
  readonly name: string;
  readonly observed: number;
  /** Largest value that passes. */
  readonly max: number;
  readonly n: number;
  readonly good: string;
  readonly bad: string;
}

/** A gate that passes up to a limit; a value that is not a number passes nothing. */
export function atMost({ name, observed, max, n, good, bad }: Limit): GateResult {
  const ok = observed <= max;
  return {
    name,
    status: ok ? 'pass' : 'fail',
    observed: Number.isFinite(observed) ? round(observed) : String(observed),
    threshold: max,
    n,
    reason: ok ? good : bad,
  };
}
