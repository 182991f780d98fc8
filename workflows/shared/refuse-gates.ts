import { ApplicationFailure } from '@temporalio/workflow';
import type { GateResult } from '../../src/contracts/gate.ts';
import { gateRefusal } from '../../src/domain/gates/refuse.ts';
import type { ErrorCode } from '../../src/errors/table.ts';

/** A failure that no retry mends; its body carries the gates. */
export function gateFailure(
  body: { readonly code: ErrorCode; readonly message: string; readonly hint?: string },
  gates: readonly GateResult[],
): ApplicationFailure {
  const { code, message } = body;
  return ApplicationFailure.nonRetryable(message, code, { ...body, details: { gates } });
}

/** Fails the workflow when a gate stands in the way; the failure's body carries all gates. */
export function refuseGates(
  gates: readonly GateResult[],
  { code, what }: { readonly code: ErrorCode; readonly what: string },
): void {
  const message = gateRefusal(gates, what);
  if (message !== undefined) throw gateFailure({ code, message }, gates);
}
