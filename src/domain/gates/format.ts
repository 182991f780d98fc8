import type { GateResult } from '../../contracts/gate.ts';

/** One line per gate for people and logs: name, status, observed against threshold, n, reason. */
export function describeGate(gate: GateResult): string {
  const n = gate.n === null ? '' : `, n=${gate.n}`;
  return `${gate.name}: ${gate.status} (observed ${gate.observed}, threshold ${gate.threshold}${n}) ${gate.reason}`;
}

/** One gate per line, as a list. */
export function listGates(gates: readonly GateResult[]): string {
  return gates.map((gate) => `- ${describeGate(gate)}`).join('\n');
}
