import { pause } from '../../src/base/deadline.ts';
import type { HubSession } from '../../edge/hub-connection.ts';
import type { Log } from '../../edge/log.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { MODULE_SLOT } from '../../src/contracts/device/device-tags.ts';
import { diffPatch, type JsonObject } from './json.ts';

/** Changes that come within this many ms make one report. */
const GATHER_MS = 20;
/** Pause after the hub refused a report, in ms. */
const RETRY_MS = 2000;

/** Sends what has changed in a document since the last report of this connection. */
export class AgentReporter {
  readonly #snapshot: () => JsonObject | null;
  readonly #log: Log;
  readonly #ending: AbortSignal;
  #session: HubSession | undefined;
  #reported: JsonObject | null = null;
  #dirty = false;
  #busy = false;

  constructor(options: { snapshot: () => JsonObject | null; log: Log; ending: AbortSignal }) {
    this.#snapshot = options.snapshot;
    this.#log = options.log;
    this.#ending = options.ending;
  }

  get session(): HubSession | undefined {
    return this.#session;
  }

  /** A new connection (the next report is whole), or none. */
  use(session: HubSession | undefined): void {
    this.#session = session;
    this.#reported = null;
  }

  request(): void {
    this.#dirty = true;
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#dirty) {
      this.#dirty = false;
      await pause(GATHER_MS, this.#ending);
      await this.#send();
    }
    this.#busy = false;
  }

  async #send(): Promise<void> {
    const session = this.#session;
    const report = this.#snapshot();
    if (!session || session.signal.aborted || !report) return;
    // The hub may still hold a module of before: the first report of a connection says so when it
    // is gone.
    const before = this.#reported ?? { modules: { [MODULE_SLOT]: {} } };
    const patch = diffPatch(before, report);
    if (Object.keys(patch).length === 0) return;
    try {
      await session.report(patch);
      if (this.#session === session) this.#reported = report;
    } catch (error) {
      this.#log.debug('the agent could not report', { error: messageOf(error) });
      if (this.#session !== session) return; // the next connection reports everything
      await pause(RETRY_MS, session.signal);
      this.#dirty = true;
    }
  }
}
