import type { GateResult, GateStatus } from '../../contracts/gate.ts';

const SEVERITY: Record<GateStatus, number> = { pass: 0, warn: 1, insufficient: 2, fail: 3 };

/** The worst status of a set of gates; no gates at all is "insufficient", never a pass. */
export function worstStatus(gates: readonly GateResult[]): GateStatus {
  if (gates.length === 0) return 'insufficient';
  return gates.reduce<GateStatus>(
    (worst, g) => (SEVERITY[g.status] > SEVERITY[worst] ? g.status : worst),
    'pass',
  );
}

/**
 * The gates that stand in the way of promotion: failed ones and those that had too little to judge
 * by.
 */
export function blockingGates(gates: readonly GateResult[]): GateResult[] {
  return gates.filter((g) => g.status === 'fail' || g.status === 'insufficient');
}
