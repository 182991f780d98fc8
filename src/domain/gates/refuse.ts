import type { GateResult } from '../../contracts/gate.ts';
import { describeGate, listGates } from './format.ts';
import { blockingGates } from './statuses.ts';

/** Which gates of `what` stand in the way, as a list; undefined when none does. */
export function gateRefusal(gates: readonly GateResult[], what: string): string | undefined {
  const blocking = blockingGates(gates);
  if (blocking.length === 0) return undefined;
  return `${blocking.length} of ${gates.length} gates of ${what} did not pass:\n${listGates(blocking)}`;
}

/** The same on one line, to follow a colon; no gates at all stand in the way too. */
export function gateReasons(gates: readonly GateResult[]): string | undefined {
  if (gates.length === 0) return 'no gate was checked';
  const blocking = blockingGates(gates);
  return blocking.length === 0 ? undefined : blocking.map(describeGate).join('; ');
}
