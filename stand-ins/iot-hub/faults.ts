import { z } from 'zod';
import {
  HUB_OPERATIONS,
  HUB_TIERS,
  HUB_TIER_NAMES,
  type HubOperation,
  type HubTier,
} from '../../src/contracts/device/hub-tier.ts';
import { HubError } from './hub-error.ts';

/**
 * One fault that can be switched on: on an operation class (or all), for some calls, with some
 * probability.
 */
const faultRuleSchema = z.strictObject({
  operation: z.enum([...HUB_OPERATIONS, '*']).default('*'),
  /** throttle: 429; error: `status`; hang: no answer; reset: the connection is cut. */
  fault: z.enum(['throttle', 'error', 'hang', 'reset']),
  status: z.union([z.literal(500), z.literal(503), z.literal(504)]).default(500),
  retryAfterSeconds: z.number().int().positive().default(1),
  /** Only calls about this device. */
  deviceId: z.string().optional(),
  probability: z.number().gt(0).max(1).default(1),
  /** How many calls it hits before it is spent; absent: until it is switched off. */
  count: z.number().int().positive().optional(),
});

export const faultsSchema = z.strictObject({
  rules: z.array(faultRuleSchema).default([]),
  /** The whole hub is gone: every connection is cut, new ones too. */
  down: z.boolean().default(false),
  tier: z.enum(HUB_TIER_NAMES).optional(),
  queryLagMs: z.number().int().nonnegative().optional(),
});
export type Faults = z.input<typeof faultsSchema>;

/** What the caller must do with the call: nothing, or one of these. */
export type FaultAction =
  { readonly kind: 'none' | 'hang' | 'reset' } | { readonly kind: 'error'; readonly error: HubError };

const NONE: FaultAction = { kind: 'none' };

/**
 * Decides for each call whether a fault that is switched on, or the tier's limit, hits it; counts
 * the calls.
 */
export class FaultSwitch {
  #rules: Array<{ rule: z.output<typeof faultRuleSchema>; left: number }> = [];
  #down = false;
  #tier: HubTier;
  readonly #buckets = new Map<HubOperation, { tokens: number; at: number }>();
  readonly #calls = new Map<HubOperation, number>();
  readonly #now: () => Date;
  readonly #onDown: () => void;

  constructor(options: { tier: HubTier; now: () => Date; onDown: () => void }) {
    this.#tier = options.tier;
    this.#now = options.now;
    this.#onDown = options.onDown;
  }

  get down(): boolean {
    return this.#down;
  }

  set(faults: Faults): void {
    const parsed = faultsSchema.parse(faults);
    this.#rules = parsed.rules.map((rule) => ({ rule, left: rule.count ?? Infinity }));
    if (parsed.tier !== undefined) this.#tier = parsed.tier;
    this.#down = parsed.down;
    if (parsed.down) this.#onDown();
  }

  /** What is switched on, and the calls counted since the start, by operation. */
  describe(): { down: boolean; tier: HubTier; rules: unknown[]; calls: Record<string, number> } {
    const rules = this.#rules.map(({ rule, left }) => ({
      ...rule,
      left: Number.isFinite(left) ? left : null,
    }));
    return { down: this.#down, tier: this.#tier, rules, calls: Object.fromEntries(this.#calls) };
  }

  /** Counts the call and says what happens to it. */
  check(operation: HubOperation, deviceId: string | null): FaultAction {
    this.#calls.set(operation, (this.#calls.get(operation) ?? 0) + 1);
    if (this.#down) return { kind: 'reset' };
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || (rule.operation !== '*' && rule.operation !== operation)) continue;
      if (rule.deviceId !== undefined && rule.deviceId !== deviceId) continue;
      if (rule.probability < 1 && Math.random() >= rule.probability) continue;
      entry.left -= 1;
      return action(rule);
    }
    return this.#limit(operation);
  }

  #limit(operation: HubOperation): FaultAction {
    const limit = HUB_TIERS[this.#tier][operation];
    if (!limit) return NONE;
    const now = this.#now().getTime();
    const bucket = this.#buckets.get(operation) ?? { tokens: limit.burst, at: now };
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.at) / 1000) * limit.perSecond);
    bucket.at = now;
    this.#buckets.set(operation, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return NONE;
    }
    const wait = Math.max(1, Math.ceil((1 - bucket.tokens) / limit.perSecond));
    return { kind: 'error', error: throttled(wait) };
  }
}

function action(rule: z.output<typeof faultRuleSchema>): FaultAction {
  if (rule.fault === 'hang' || rule.fault === 'reset') return { kind: rule.fault };
  if (rule.fault === 'throttle') return { kind: 'error', error: throttled(rule.retryAfterSeconds) };
  const code = { 500: 'ServerError', 503: 'ServiceUnavailable', 504: 'GatewayTimeout' } as const;
  return { kind: 'error', error: new HubError(code[rule.status], 'A fault that was switched on.') };
}

function throttled(retryAfterSeconds: number): HubError {
  return new HubError(
    'ThrottlingException',
    'The hub is over its limit for this operation.',
    retryAfterSeconds,
  );
}
