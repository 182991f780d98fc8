import { z } from 'zod';

export const GATE_STATUSES = ['pass', 'warn', 'fail', 'insufficient'] as const;
export type GateStatus = (typeof GATE_STATUSES)[number];

export type GateValue = number | string | boolean | null;

/**
 * What one check saw: never a bare boolean. `n` is the number of rows, devices or calls that the
 * verdict rests on.
 */
export interface GateResult {
  readonly name: string;
  readonly status: GateStatus;
  readonly observed: GateValue;
  readonly threshold: GateValue;
  readonly n: number | null;
  readonly evidence?: Record<string, unknown>;
  readonly reason: string;
}

export const gateResultSchema: z.ZodType<GateResult> = z.object({
  name: z.string(),
  status: z.enum(GATE_STATUSES),
  observed: z.union([z.number(), z.string(), z.boolean(), z.null()]),
  threshold: z.union([z.number(), z.string(), z.boolean(), z.null()]),
  n: z.number().int().nonnegative().nullable(),
  evidence: z.record(z.string(), z.unknown()).optional(),
  reason: z.string(),
});
