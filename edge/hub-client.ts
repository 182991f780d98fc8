import type { ModuleClient } from 'azure-iot-device';
import { ATTESTATION_KEY, type Attestation } from '../src/contracts/device/attestation.ts';
import { jsonMessage } from './azure-client.ts';
import {
  HubConnection,
  type HubConnectionOptions,
  type HubSession,
  type Properties,
} from './hub-connection.ts';
import type { Log } from './log.ts';
import { messageOf } from '../src/base/error-message.ts';
import type { QueueItem, StoreAndForward } from './queue.ts';

export interface HubClientOptions {
  readonly createClient: () => Promise<ModuleClient>;
  readonly device: string;
  readonly queue: StoreAndForward;
  readonly attestation: () => Attestation;
  /** Gets the desired properties as they are: at each new connection, and whenever they changed. */
  readonly onDesired?: (desired: Properties) => void;
  readonly log: Log;
  readonly connection?: Pick<HubConnectionOptions, 'backoffMs' | 'gate' | 'random' | 'deadlineMs'>;
}

/** Messages on the wire at a time. */
const IN_FLIGHT = 20;
/** Pause after the hub refused something on a connection that still lives, in ms. */
const RETRY_MS = 2000;

/**
 * The module's side of the hub: attests in the reported properties what it runs, and drains the
 * queue in order while there is a connection. Nothing here is waited for by the scoring.
 */
export class HubClient {
  readonly #options: HubClientOptions;
  readonly #connection: HubConnection;
  #session: HubSession | undefined;
  #draining = false;
  #reported = '';
  #desiredUnread = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: HubClientOptions) {
    this.#options = options;
    this.#connection = new HubConnection({
      ...options.connection,
      createClient: options.createClient,
      log: options.log,
      onSession: async (session, desired) => {
        this.#session = session;
        options.onDesired?.(desired);
        this.#reported = '';
        await this.attest();
        void this.#drain();
      },
      onDesired: () => void this.#readDesired(),
      onDown: () => {
        this.#session = undefined;
      },
    });
  }

  get online(): boolean {
    return this.#connection.online;
  }

  start(): void {
    this.#options.queue.onAppend(this.#options.device, () => void this.#drain());
    this.#connection.start();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#options.queue.onAppend(this.#options.device, null);
    await this.#connection.stop();
  }

  /**
   * Reports the attestation if it is not what was reported last; offline it is reported on return.
   */
  async attest(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const attestation = this.#options.attestation();
    const { queue: _, ...identity } = attestation;
    const text = JSON.stringify(identity);
    if (text === this.#reported) return;
    try {
      // Reported properties are merged: what an earlier attestation said and this one does not is
      // taken away.
      const { id = null, problem = null, ...known } = attestation.calibration;
      const calibration = { ...known, id, problem };
      await session.report({ [ATTESTATION_KEY]: { ...attestation, calibration } });
      this.#reported = text;
    } catch (error) {
      this.#options.log.debug('the attestation was not reported', { error: messageOf(error) });
      this.#tryAgain();
    }
  }

  /** A change names only what changed: the whole is read. */
  async #readDesired(): Promise<void> {
    const session = this.#session;
    if (!session || !this.#options.onDesired) return;
    try {
      this.#options.onDesired(await session.readDesired());
      this.#desiredUnread = false;
    } catch (error) {
      this.#desiredUnread = true;
      this.#options.log.debug('the desired properties were not read', { error: messageOf(error) });
      this.#tryAgain();
    }
  }

  #tryAgain(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      if (this.#desiredUnread) void this.#readDesired();
      void this.attest();
      void this.#drain();
    }, RETRY_MS);
  }

  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    const { queue, device, log } = this.#options;
    try {
      for (;;) {
        const session = this.#session;
        if (!session || session.signal.aborted) return;
        const items = queue.peek(device, IN_FLIGHT);
        if (items.length === 0) return;
        // MQTT keeps the order of what is published on one connection.
        const results = await Promise.allSettled(items.map((item) => this.#send(session, item)));
        queue.acknowledge(items.filter((_, i) => results[i]?.status === 'fulfilled').map((item) => item.id));
        const failed = results.find((r) => r.status === 'rejected');
        if (failed) {
          log.debug('a message was not taken by the hub', { error: messageOf(failed.reason) });
          this.#tryAgain();
          return;
        }
      }
    } finally {
      this.#draining = false;
    }
  }

  async #send(session: HubSession, item: QueueItem): Promise<void> {
    const id = `${item.model.replace('sha256:', '').slice(0, 16)}-${item.seq}`;
    await session.send(await jsonMessage(item.body, item.schema, id));
  }
}
