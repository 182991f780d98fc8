import { randomUUID } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import mqttPacket, { type IConnackPacket, type IPublishPacket, type Packet } from 'mqtt-packet';
import { HubError } from './hub-error.ts';

export interface MethodResult {
  readonly status: number;
  readonly payload: unknown;
}

/** One live connection of a device or module, after its CONNECT was accepted. */
export class MqttSession {
  readonly deviceId: string;
  readonly moduleId: string | null;
  /** Milliseconds since the epoch when the token that opened the connection runs out. */
  readonly tokenExpiry: number;
  readonly subscriptions: Set<string>;
  readonly #socket: TLSSocket;
  readonly #keepaliveMs: number;
  readonly #calls = new Map<string, (result: MethodResult | Error) => void>();
  #lastSeen = Date.now();

  constructor(
    socket: TLSSocket,
    options: {
      deviceId: string;
      moduleId: string | null;
      tokenExpiry: number;
      keepaliveSeconds: number;
      subscriptions: Iterable<string>;
    },
  ) {
    this.#socket = socket;
    this.deviceId = options.deviceId;
    this.moduleId = options.moduleId;
    this.tokenExpiry = options.tokenExpiry;
    this.subscriptions = new Set(options.subscriptions);
    this.#keepaliveMs = options.keepaliveSeconds * 1500;
  }

  seen(): void {
    this.#lastSeen = Date.now();
  }

  /**
   * True when the client has been silent for one and a half keep-alive times, or its token has run
   * out.
   */
  isStale(now: number): boolean {
    return now >= this.tokenExpiry || (this.#keepaliveMs > 0 && now - this.#lastSeen > this.#keepaliveMs);
  }

  send(packet: Packet): void {
    if (this.#socket.writable) this.#socket.write(mqttPacket.generate(packet));
  }

  publish(topic: string, payload: string): void {
    const packet: IPublishPacket = { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false };
    this.send(packet);
  }

  /**
   * Relays a direct method; rejects with GatewayTimeout when no answer comes in time,
   * DeviceNotOnline when it leaves.
   */
  async call(name: string, payload: unknown, timeoutMs: number): Promise<MethodResult> {
    const requestId = randomUUID().slice(0, 8);
    const { promise, resolve } = Promise.withResolvers<MethodResult | Error>();
    const timer = setTimeout(
      () =>
        resolve(new HubError('GatewayTimeout', `Device ${this.deviceId} did not answer the method in time.`)),
      timeoutMs,
    );
    this.#calls.set(requestId, resolve);
    this.publish(`$iothub/methods/POST/${name}/?$rid=${requestId}`, JSON.stringify(payload ?? null));
    const result = await promise;
    clearTimeout(timer);
    this.#calls.delete(requestId);
    if (result instanceof Error) throw result;
    return result;
  }

  answer(requestId: string, result: MethodResult): void {
    this.#calls.get(requestId)?.(result);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Fails what still waits for this connection. */
  closed(): void {
    for (const resolve of this.#calls.values())
      resolve(new HubError('DeviceNotOnline', `Device ${this.deviceId} went away before it answered.`));
  }
}

/**
 * The answer to a CONNECT; codes of MQTT 3.1.1: 0 accepted, 3 unavailable, 4 bad user, 5 not
 * authorised.
 */
export function connack(returnCode: 0 | 3 | 4 | 5, sessionPresent: boolean): Buffer {
  const packet: IConnackPacket = { cmd: 'connack', returnCode, sessionPresent };
  return mqttPacket.generate(packet);
}
