import { setTimeout as sleep } from 'node:timers/promises';
import {
  HUB_TIERS,
  type HubLimit,
  type HubOperation,
  type HubTier,
} from '../../contracts/device/hub-tier.ts';

interface Bucket {
  readonly limit: HubLimit;
  /** May be negative: callers that already wait for their turn. */
  tokens: number;
  at: number;
}

/**
 * Keeps callers under a hub tier's limits: a token bucket per operation class; waiting callers go
 * in order.
 */
export class RateLimiter {
  readonly #buckets = new Map<HubOperation, Bucket>();
  readonly #now: () => number;

  /** `share` is the part of the limits that this process may use, above 0 up to 1. */
  constructor(tier: HubTier, options: { units?: number; share?: number; now?: () => number } = {}) {
    const { units = 1, share = 1, now = () => performance.now() } = options;
    this.#now = now;
    for (const [operation, limit] of Object.entries(HUB_TIERS[tier])) {
      const scaled = {
        perSecond: limit.perSecond * units * share,
        burst: Math.max(1, limit.burst * units * share),
      };
      this.#buckets.set(operation as HubOperation, { limit: scaled, tokens: scaled.burst, at: now() });
    }
  }

  /** Takes the next turn and says how many milliseconds to wait for it. */
  reserve(operation: HubOperation): number {
    const bucket = this.#buckets.get(operation);
    if (!bucket) return 0;
    const now = this.#now();
    const { perSecond, burst } = bucket.limit;
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond) - 1;
    bucket.at = now;
    return bucket.tokens >= 0 ? 0 : (-bucket.tokens / perSecond) * 1000;
  }

  /** Resolves when the call may be made. */
  async take(operation: HubOperation): Promise<void> {
    const wait = this.reserve(operation);
    if (wait > 0) await sleep(wait);
  }

  /** The hub said to slow down: nothing of this class before then. */
  pause(operation: HubOperation, milliseconds: number): void {
    const bucket = this.#buckets.get(operation);
    if (!bucket) return;
    const owed = (milliseconds / 1000) * bucket.limit.perSecond;
    bucket.tokens = Math.min(bucket.tokens, -owed);
    bucket.at = this.#now();
  }
}
