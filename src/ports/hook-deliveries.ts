/** Webhook deliveries that were taken, remembered for a while so that none is taken twice. */
export interface HookDeliveries {
  /** When a delivery with one of these keys was taken; undefined when none was. */
  takenAt(provider: string, keys: readonly string[]): Promise<Date | undefined>;
  /** Remembers a delivery by all its keys, and forgets those of more than 30 days ago. */
  remember(provider: string, keys: readonly string[]): Promise<void>;
}
