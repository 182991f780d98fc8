/** A message that a device sent, as the hub routed it to storage. */
export interface TelemetryMessage {
  readonly deviceId: string;
  readonly moduleId: string | null;
  /** ISO 8601, when the hub took it. */
  readonly enqueued: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Routed telemetry, read forward from a cursor; a cursor is opaque and only grows. */
export interface TelemetrySource {
  /**
   * At most `limit` messages after the cursor (null = from the start), oldest first, and the cursor
   * behind them.
   */
  read(
    cursor: string | null,
    limit: number,
  ): Promise<{ messages: TelemetryMessage[]; cursor: string | null; more: boolean }>;
}
