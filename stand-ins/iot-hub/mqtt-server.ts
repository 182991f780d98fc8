import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import mqttPacket, { type IConnectPacket, type Packet } from 'mqtt-packet';
import type { Certificate } from './certificate.ts';
import { DeviceRequests } from './device-requests.ts';
import { entityKey, type Entity } from './entity.ts';
import type { HubParts } from './hub-parts.ts';
import { connack, MqttSession, type MethodResult } from './mqtt-session.ts';
import { DESIRED_UPDATES, maySubscribe, METHOD_CALLS, readUsername } from './mqtt-topics.ts';
import { parseSas, verifySas } from './sas.ts';
import { diff } from './twin-document.ts';

const SWEEP_MS = 1000;

/**
 * IoT Hub's MQTT side: one connection per device or module, telemetry, twins and direct methods
 * over its own topics.
 */
export class MqttServer {
  readonly #parts: HubParts;
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Map<string, MqttSession>();
  readonly #stored = new Map<string, string[]>();
  readonly #arrivals = new Map<string, Set<() => void>>();
  readonly #sweep: NodeJS.Timeout;
  readonly #requests: DeviceRequests;

  constructor(parts: HubParts, certificate: Certificate) {
    this.#parts = parts;
    this.#requests = new DeviceRequests(parts);
    for (const [key, filters] of parts.state.load<string[]>('session')) this.#stored.set(key, filters);
    this.#server = createServer({ key: certificate.key, cert: certificate.cert }, (socket) =>
      this.#accept(socket),
    );
    // a client that does not trust us; its own error tells it
    this.#server.on('tlsClientError', () => undefined);
    this.#sweep = setInterval(() => this.#dropStale(), SWEEP_MS);
    this.#sweep.unref();
    parts.directory.onChange((before, after) => this.#onChange(before, after));
  }

  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.dropAll();
    await closed;
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Calls a direct method; waits up to `connectMs` for the device to be there. */
  async call(
    target: { deviceId: string; moduleId: string | null },
    method: { name: string; payload: unknown; responseMs: number; connectMs: number },
  ): Promise<MethodResult | null> {
    const key = entityKey(target.deviceId, target.moduleId);
    const deadline = Date.now() + method.connectMs;
    for (;;) {
      const session = this.#sessions.get(key);
      if (session?.subscriptions.has(METHOD_CALLS))
        return session.call(method.name, method.payload, method.responseMs);

      const left = deadline - Date.now();
      if (left <= 0) return null;
      await this.#arrival(key, left);
    }
  }

  #arrival(key: string, timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#arrivals.get(key) ?? new Set();
    this.#arrivals.set(key, waiting.add(resolve));
    const timer = setTimeout(resolve, timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(resolve);
    });
  }

  #accept(socket: TLSSocket): void {
    if (this.#parts.faults.down) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    let session: MqttSession | null = null;
    parser.on('packet', (packet: Packet) => {
      session?.seen();
      if (packet.cmd === 'connect' && !session) session = this.#connect(socket, packet);
      else if (session) this.#handle(session, packet);
      else socket.destroy();
    });
    parser.on('error', () => socket.destroy());
    socket.on('data', (data) => parser.parse(data));
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (session) this.#left(session);
    });
  }

  #connect(socket: TLSSocket, packet: IConnectPacket): MqttSession | null {
    const claimed = readUsername(packet.username ?? '', packet.clientId);
    const fault = this.#parts.faults.check('connect', claimed?.deviceId ?? null);
    if (fault.kind === 'hang') return null;
    if (fault.kind === 'reset') socket.destroy();
    if (fault.kind === 'error') socket.end(connack(3, false));
    if (fault.kind !== 'none') return null;
    if (!claimed) {
      socket.end(connack(4, false));
      return null;
    }
    const accepted = this.#authenticate(claimed.deviceId, claimed.moduleId, packet.password?.toString());
    if (!accepted) {
      socket.end(connack(5, false));
      return null;
    }
    const key = packet.clientId;
    const stored = packet.clean === true ? undefined : this.#stored.get(key);
    if (packet.clean === true) this.#store(key, []);
    this.#sessions.get(key)?.destroy(); // a second connection of the same identity drops the first
    const session = new MqttSession(socket, {
      ...claimed,
      tokenExpiry: accepted.expiry,
      keepaliveSeconds: packet.keepalive ?? 0,
      subscriptions: stored ?? [],
    });
    this.#sessions.set(key, session);
    this.#parts.directory.setActivity(this.#parts.directory.get(claimed.deviceId, claimed.moduleId), true);
    socket.write(connack(0, stored !== undefined));
    for (const arrived of this.#arrivals.get(key) ?? []) arrived();
    return session;
  }

  #authenticate(
    deviceId: string,
    moduleId: string | null,
    password: string | undefined,
  ): { expiry: number } | null {
    const entity = this.#parts.directory.find(deviceId, moduleId);
    const device = this.#parts.directory.find(deviceId, null);
    if (!entity || device?.status !== 'enabled' || entity.authentication.type !== 'sas') return null;
    const { primaryKey, secondaryKey } = entity.authentication.symmetricKey;
    const path = `devices/${deviceId}${moduleId === null ? '' : `/modules/${moduleId}`}`;
    try {
      const token = parseSas(password);
      verifySas(token, { keys: [primaryKey, secondaryKey], path, now: this.#parts.now() });
      return { expiry: token.expiry * 1000 };
    } catch {
      return null;
    }
  }

  #handle(session: MqttSession, packet: Packet): void {
    switch (packet.cmd) {
      case 'publish':
        void this.#requests.handle(session, packet);
        return;
      case 'subscribe': {
        const granted = packet.subscriptions.map(({ topic, qos }) => {
          if (!maySubscribe(topic, session.deviceId, session.moduleId)) return 128;
          session.subscriptions.add(topic);
          return qos > 1 ? 1 : qos;
        });
        const key = entityKey(session.deviceId, session.moduleId);
        this.#store(key, [...session.subscriptions]);
        session.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
        for (const arrived of this.#arrivals.get(key) ?? []) arrived();
        return;
      }
      case 'unsubscribe':
        for (const topic of packet.unsubscriptions) session.subscriptions.delete(topic);
        this.#store(entityKey(session.deviceId, session.moduleId), [...session.subscriptions]);
        session.send({ cmd: 'unsuback', messageId: packet.messageId ?? 0, granted: [] });
        return;
      case 'pingreq':
        session.send({ cmd: 'pingresp' });
        return;
      case 'puback':
        return;
      default:
        session.destroy(); // disconnect, or what IoT Hub does not take (QoS 2)
    }
  }

  #left(session: MqttSession): void {
    const key = entityKey(session.deviceId, session.moduleId);
    session.closed();
    if (this.#sessions.get(key) !== session) return; // taken over by a newer connection
    this.#sessions.delete(key);
    const entity = this.#parts.directory.find(session.deviceId, session.moduleId);
    if (entity) this.#parts.directory.setActivity(entity, false);
  }

  #onChange(before: Entity | null, after: Entity | null): void {
    const changed = after ?? before;
    if (!changed) return;
    if (after?.moduleId === null && after.status === 'disabled') this.#dropDevice(after.deviceId);
    const session = this.#sessions.get(entityKey(changed.deviceId, changed.moduleId));
    if (!session || !before) return;
    if (!after || !sameKeys(before, after)) {
      session.destroy();
      return;
    }
    const [from, to] = [before.twin.desired, after.twin.desired];
    if (from === to || !session.subscriptions.has(DESIRED_UPDATES)) return;
    const patch = { ...diff(from.values, to.values), $version: to.version };
    session.publish(`$iothub/twin/PATCH/properties/desired/?$version=${to.version}`, JSON.stringify(patch));
  }

  #store(key: string, filters: string[]): void {
    const known = this.#stored.get(key);
    if (known?.join() === filters.join() || (!known && filters.length === 0)) return;
    if (filters.length === 0) this.#stored.delete(key);
    else this.#stored.set(key, filters);
    this.#parts.state.put('session', key, filters.length === 0 ? undefined : filters);
  }

  #dropDevice(deviceId: string): void {
    for (const session of this.#sessions.values()) if (session.deviceId === deviceId) session.destroy();
  }

  #dropStale(): void {
    const now = this.#parts.now().getTime();
    for (const session of this.#sessions.values()) if (session.isStale(now)) session.destroy();
  }
}

function sameKeys(a: Entity, b: Entity): boolean {
  const [left, right] = [a.authentication.symmetricKey, b.authentication.symmetricKey];
  return left.primaryKey === right.primaryKey && left.secondaryKey === right.secondaryKey;
}
