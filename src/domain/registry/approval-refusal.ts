import type { GateResult } from '../../contracts/gate.ts';
import { ALIASES } from '../../contracts/names.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { refusesApprover } from './approvals.ts';
import { promotionGates, promotionRefusal } from './promotion.ts';
import type { PromotionCase } from './promotion.ts';
import { isOutOfUse, mayBecome } from './states.ts';

export interface ApprovalRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** The gates that were judged, when they stand in the way. */
  readonly gates?: readonly GateResult[];
}

/**
 * Why somebody may not approve a version, or null when they may: an approval counts only by
 * somebody who may give it, and only for a version that could be promoted with it.
 */
export function refusesApproval(
  version: Omit<PromotionCase, 'alias'>,
  { actor, reference }: { readonly actor: string; readonly reference: string },
): ApprovalRefusal | null {
  const { state, author, rules } = version;
  for (const rule of rules) {
    const why = refusesApprover(actor, author, rule);
    if (why === null) continue;
    const hint = 'Ask one of the approvers (registry.approvers in windlass.yaml).';
    return { code: 'FORBIDDEN', message: `${reference} is not approved: ${why}.`, hint };
  }
  // This approval withdraws the person's own earlier rejection, so state and approvals are not
  // checked.
  const asked = { ...version, alias: ALIASES.champion, state: 'registered' } as const;
  const gates = promotionGates(asked).filter((gate) => gate.name !== 'approvals');
  const refusal = promotionRefusal(gates);
  if (refusal !== undefined)
    return { code: refusal.code, message: `${reference} may not be approved: ${refusal.why}.`, gates };
  if (mayBecome(state, 'approved') && !isOutOfUse(state)) return null;
  return {
    code: 'CONFLICT',
    message: `${reference} is ${state}, so it cannot be approved.`,
    hint:
      state === 'deleted'
        ? 'Its bytes are gone: build it again.'
        : `Take it back into use first: \`windlass models restore ${reference} --reason …\`.`,
  };
}
