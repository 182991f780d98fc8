import { once } from 'node:events';
import type { Message, ModuleClient, Twin } from 'azure-iot-device';
import { pause, within } from '../src/base/deadline.ts';
import type { Log } from './log.ts';
import { messageOf } from '../src/base/error-message.ts';

export type Properties = Readonly<Record<string, unknown>>;

/**
 * One live connection to the hub; every call rejects after its deadline or when the connection is
 * gone.
 */
export interface HubSession {
  /** The desired properties at the time of the call, `$version` among them. */
  readDesired(): Promise<Properties>;
  /** Merges a patch into the reported properties; null removes a key. */
  report(patch: Properties): Promise<void>;
  send(message: Message): Promise<void>;
  /** Aborted when the connection is gone. */
  readonly signal: AbortSignal;
}

export interface HubConnectionOptions {
  readonly createClient: () => Promise<ModuleClient>;
  readonly log: Log;
  /**
   * A new connection: gets the desired properties as they are; while it runs the connection is
   * kept.
   */
  readonly onSession: (session: HubSession, desired: Properties) => Promise<void> | void;
  /** A change of desired properties: only what changed, and `$version`. */
  readonly onDesired?: (patch: Properties) => void;
  readonly onDown?: () => void;
  /** First and longest pause between attempts, in ms; default 1,000 and 300,000. */
  readonly backoffMs?: readonly [number, number];
  /** Bounds how many connections are being opened at a time. */
  readonly gate?: <T>(open: () => Promise<T>) => Promise<T>;
  readonly deadlineMs?: number;
  /** Numbers in [0, 1) that spread the attempts of many devices. */
  readonly random?: () => number;
}

/**
 * Keeps one module connected for as long as it runs, whatever the link does; being offline for
 * weeks is normal.
 */
export class HubConnection {
  readonly #options: HubConnectionOptions;
  readonly #deadline: number;
  #run: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  #online = false;

  constructor(options: HubConnectionOptions) {
    this.#options = options;
    this.#deadline = options.deadlineMs ?? 30_000;
  }

  get online(): boolean {
    return this.#online;
  }

  start(): void {
    if (this.#run) return;
    const run = new AbortController();
    this.#run = run;
    this.#ended = this.#ended.then(() => this.#loop(run.signal));
  }

  /** Drops the connection and stays offline until `start`. */
  async stop(): Promise<void> {
    this.#run?.abort();
    this.#run = undefined;
    await this.#ended;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { log, backoffMs = [1000, 300_000], gate = (open) => open(), random = Math.random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const opened = await gate(async () => (signal.aborted ? null : this.#open(signal)));
        if (!opened) return;
        failures = 0;
        await this.#live(opened, signal);
      } catch (error) {
        failures += 1;
        log.debug('the hub cannot be reached', { attempt: failures, error: messageOf(error) });
      }
      if (signal.aborted) return;
      const longest = Math.min(backoffMs[1], backoffMs[0] * 2 ** Math.min(failures, 20));
      await pause(longest * (0.5 + random() / 2), signal);
    }
  }

  async #open(signal: AbortSignal): Promise<Connected> {
    const client = await this.#options.createClient();
    client.on('error', (error) => this.#options.log.debug('hub client error', { error: messageOf(error) }));
    const gone = new AbortController();
    const end = (): void => gone.abort();
    client.on('disconnect', end);
    signal.addEventListener('abort', end);
    try {
      await within(client.open(), this.#deadline, 'connecting to the hub');
      const twin = (await within(client.getTwin(), this.#deadline, 'reading the twin')) as Twin;
      return { client, twin, gone: gone.signal, dispose: () => signal.removeEventListener('abort', end) };
    } catch (error) {
      signal.removeEventListener('abort', end);
      await close(client);
      throw error;
    }
  }

  async #live({ client, twin, gone, dispose }: Connected, signal: AbortSignal): Promise<void> {
    const { onSession, onDesired, onDown, log } = this.#options;
    let reading = true;
    twin.on('error', (error: unknown) => log.debug('twin error', { error: messageOf(error) }));
    twin.on('properties.desired', (patch: Properties) => {
      if (!reading) onDesired?.(structuredClone(patch));
    });
    // A read gives the whole again, after the subscription: a change in between is not lost.
    const readDesired = async (): Promise<Properties> => {
      reading = true;
      try {
        await this.#bound(client.getTwin(), gone, 'reading the twin');
        return structuredClone(twin.properties.desired) as Properties;
      } finally {
        reading = false;
      }
    };
    const session: HubSession = {
      signal: gone,
      readDesired,
      report: (patch) =>
        this.#bound(
          new Promise<void>((resolve, reject) => {
            twin.properties.reported.update(patch, (error: unknown) => {
              if (error) reject(error instanceof Error ? error : new Error(String(error)));
              else resolve();
            });
          }),
          gone,
          'reporting properties',
        ),
      send: async (message) => {
        await this.#bound(client.sendEvent(message), gone, 'sending a message');
      },
    };
    try {
      const desired = await readDesired();
      this.#online = true;
      await onSession(session, desired);
      if (!gone.aborted) await once(gone, 'abort');
    } finally {
      dispose();
      if (this.#online) {
        this.#online = false;
        onDown?.();
      }
      await close(client);
      log.debug(signal.aborted ? 'hub connection closed' : 'hub connection lost');
    }
  }

  /**
   * The library forgets calls that are under way when a connection breaks; here they are rejected.
   */
  #bound<T>(work: Promise<T>, gone: AbortSignal, what: string): Promise<T> {
    const lost = new Promise<never>((_, reject) => {
      const fail = (): void => reject(new Error(`the connection was lost while ${what}`));
      if (gone.aborted) fail();
      else gone.addEventListener('abort', fail, { once: true });
      void work.then(
        () => gone.removeEventListener('abort', fail),
        () => gone.removeEventListener('abort', fail),
      );
    });
    return within(Promise.race([work, lost]), this.#deadline, what);
  }
}

interface Connected {
  readonly client: ModuleClient;
  readonly twin: Twin;
  readonly gone: AbortSignal;
  dispose(): void;
}

/** Closes a client permanently; one that hangs is left to its own timeouts. */
async function close(client: ModuleClient): Promise<void> {
  client.removeAllListeners('disconnect');
  await within(client.close(), 5000, 'closing the connection').catch(() => undefined);
}
