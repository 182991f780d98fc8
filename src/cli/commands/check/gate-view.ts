import type { GateResult, GateStatus } from '../../../contracts/gate.ts';
import { worstStatus } from '../../../domain/gates/statuses.ts';
import type { Output } from '../../shared/output.ts';

export type Verdict = 'pass' | 'warn' | 'fail';

/** An insufficient gate blocks a build as a failed one does. */
export function verdictOf(gates: readonly GateResult[]): Verdict {
  const worst = worstStatus(gates);
  return worst === 'insufficient' ? 'fail' : worst;
}

export const GATE_MARK: Record<GateStatus, (c: Output['colors']) => string> = {
  pass: (c) => c.green('✓ pass'),
  warn: (c) => c.yellow('! warn'),
  fail: (c) => c.red('✗ fail'),
  insufficient: (c) => c.yellow('? too little'),
};
