/** Webhook deliveries that were taken: kept for `KEPT_DAYS`, so that none is taken twice. */
export interface HookDeliveries {
  /** When a delivery with one of these keys was taken; undefined when none was. */
  takenAt(provider: string, keys: readonly string[]): Promise<Date | undefined>;
  /** Remembers a delivery by all its keys, and forgets those that are older than `KEPT_DAYS`. */
  remember(provider: string, keys: readonly string[]): Promise<void>;
}

/** Days for which a delivery is remembered; one that says it is older is refused. */
export const KEPT_DAYS = 30;
