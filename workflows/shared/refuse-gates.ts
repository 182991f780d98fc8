import { ApplicationFailure } from '@temporalio/workflow';
import type { GateResult } from '../../src/contracts/gate.ts';
import { blockingGates, describeGate } from '../../src/domain/gates/statuses.ts';
import type { ErrorCode } from '../../src/errors/table.ts';

/** Fails the workflow when a gate stands in the way; the failure's body carries all gates. */
export function refuseGates(
  gates: readonly GateResult[],
  refusal: { readonly code: ErrorCode; readonly what: string },
): void {
  const blocking = blockingGates(gates);
  if (blocking.length === 0) return;
  const { code, what } = refusal;
  const lines = blocking.map((g) => `- ${describeGate(g)}`).join('\n');
  const message = `${blocking.length} of ${gates.length} gates of ${what} did not pass:\n${lines}`;
  throw ApplicationFailure.nonRetryable(message, code, { code, message, details: { gates } });
}
