import type { GateResult } from '../contracts/gate.ts';
import { gateRefusal } from '../domain/gates/refuse.ts';
import { WindlassError } from '../errors/windlass-error.ts';

/** Throws GATE_FAILED when a gate of `what` stands in the way; the error carries all gates. */
export function refuseGates(gates: readonly GateResult[], what: string): void {
  const refusal = gateRefusal(gates, what);
  if (refusal !== undefined) throw new WindlassError('GATE_FAILED', refusal, { details: { gates } });
}
