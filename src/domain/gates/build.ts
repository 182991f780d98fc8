import type { GateResult, GateStatus } from '../../contracts/gate.ts';

/** Everything of a gate but its name and its verdict. */
export type Seen = Omit<GateResult, 'name' | 'status'>;

/** A gate; `true` as verdict means "pass" and `false` means "fail". */
export function gate(name: string, verdict: GateStatus | boolean, seen: Seen): GateResult {
  const status = verdict === true ? 'pass' : verdict === false ? 'fail' : verdict;
  return { name, status, ...seen };
}

/** Rounded to four significant digits. */
export const round = (value: number): number => Number(value.toPrecision(4));

export interface Limit extends Pick<Seen, 'n' | 'evidence'> {
  readonly observed: number;
  /** Largest value that passes. */
  readonly max: number;
  /** The reason when the gate passes. */
  readonly good: string;
  /** The reason when it fails. */
  readonly bad: string;
}

/** A gate that passes up to a limit; a value that is not a number passes nothing. */
export function atMost(name: string, { observed, max, n, evidence, good, bad }: Limit): GateResult {
  const ok = observed <= max;
  return gate(name, ok, {
    observed: Number.isFinite(observed) ? round(observed) : String(observed),
    threshold: max,
    n,
    evidence,
    reason: ok ? good : bad,
  });
}
