import { heartbeat } from '@temporalio/activity';
import { windowSummarySchema } from '../../src/contracts/device/window-summary.ts';
import type { MonitorStore } from '../../src/ports/monitor-store.ts';
import type { TelemetrySource } from '../../src/ports/telemetry-source.ts';

const BATCH = 2000;
const SOURCE = 'hub';

export interface IngestResult {
  readonly messages: number;
  /** Window summaries that were not known before. */
  readonly windows: number;
  /** Messages of the window schema that did not parse; they are left out and counted. */
  readonly rejected: number;
}

/**
 * Brings the device windows that the hub routed since the last run into the database; resumes at
 * the saved cursor.
 */
export async function ingestTelemetry(deps: {
  telemetry: TelemetrySource;
  store: MonitorStore;
}): Promise<IngestResult> {
  const total = { messages: 0, windows: 0, rejected: 0 };
  let cursor = await deps.store.cursor(SOURCE);
  for (;;) {
    const batch = await deps.telemetry.read(cursor, BATCH);
    const windows = [];
    for (const message of batch.messages) {
      const parsed = windowSummarySchema.safeParse(message.body);
      // The hub vouches for the sender; a summary in somebody else's name is not taken.
      if (parsed.success && parsed.data.device === message.deviceId)
        windows.push({ summary: parsed.data, enqueued: message.enqueued });
      else if (message.properties['schema']?.startsWith('windlass.window/')) total.rejected += 1;
    }
    total.messages += batch.messages.length;
    if (batch.messages.length > 0)
      total.windows += await deps.store.saveWindows(SOURCE, batch.cursor, windows);
    cursor = batch.cursor;
    heartbeat(total);
    if (!batch.more) return total;
  }
}
