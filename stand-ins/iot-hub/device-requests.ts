import type { IPublishPacket } from 'mqtt-packet';
import { deviceTwinBody } from './entity.ts';
import { toHubError } from './hub-error.ts';
import type { HubParts } from './hub-parts.ts';
import type { MqttSession } from './mqtt-session.ts';
import { readTopic } from './mqtt-topics.ts';
import { patchReported } from './twin-operations.ts';

const ACTIVITY_GRAIN_MS = 10_000;

/**
 * What devices ask for by publishing: telemetry, their twin, reported properties, results of
 * methods.
 */
export class DeviceRequests {
  readonly #parts: HubParts;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** Does what a publish asks for, and answers on the device's own topics. */
  async handle(session: MqttSession, packet: IPublishPacket): Promise<void> {
    const { deviceId, moduleId } = session;
    const request = readTopic(packet.topic, deviceId, moduleId);
    const entity = this.#parts.directory.find(deviceId, moduleId);
    if (!request || !entity || packet.qos === 2) {
      session.destroy();
      return;
    }
    if (request.kind === 'method-result') {
      session.answer(request.requestId, { status: request.status, payload: parseJson(packet.payload) });
      return;
    }
    const operation = { telemetry: 'telemetry', 'get-twin': 'twin-read', report: 'twin-update' } as const;
    const fault = this.#parts.faults.check(operation[request.kind], deviceId);
    if (fault.kind === 'hang') return;
    if (fault.kind === 'reset' || (fault.kind === 'error' && request.kind === 'telemetry')) {
      session.destroy();
      return;
    }
    if (request.kind === 'telemetry') {
      await this.#telemetry(session, packet, {
        generationId: entity.generationId,
        properties: request.properties,
      });
      return;
    }
    await this.#twin(session, packet, { ...request, failure: fault.kind === 'error' ? fault.error : null });
  }

  async #telemetry(
    session: MqttSession,
    packet: IPublishPacket,
    { generationId, properties }: { generationId: string; properties: Record<string, string> },
  ): Promise<void> {
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    try {
      await this.#parts.telemetry.route({
        deviceId: session.deviceId,
        moduleId: session.moduleId,
        generationId,
        properties,
        payload,
      });
    } catch {
      session.destroy(); // not stored: no PUBACK, the device sends it again
      return;
    }
    this.#touch(session);
    if (packet.qos === 1) session.send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
  }

  async #twin(
    session: MqttSession,
    packet: IPublishPacket,
    request: { kind: 'get-twin' | 'report'; requestId: string; failure: Error | null },
  ): Promise<void> {
    const { directory, state, now } = this.#parts;
    try {
      if (request.failure) throw request.failure;
      const entity = directory.get(session.deviceId, session.moduleId);
      if (request.kind === 'get-twin') {
        this.#touch(session);
        const body = JSON.stringify(deviceTwinBody(entity));
        session.publish(`$iothub/twin/res/200/?$rid=${request.requestId}`, body);
        return;
      }
      const after = patchReported(directory, entity, parseJson(packet.payload));
      this.#touch(session);
      await state.committed();
      const version = after.twin.reported.version;
      session.publish(`$iothub/twin/res/204/?$rid=${request.requestId}&$version=${version}`, '');
    } catch (error) {
      const known = toHubError(error);
      const body = JSON.stringify(known.toDeviceBody(now()));
      session.publish(`$iothub/twin/res/${known.status}/?$rid=${request.requestId}`, body);
    }
  }

  #touch(session: MqttSession): void {
    const { directory, now } = this.#parts;
    const entity = directory.find(session.deviceId, session.moduleId);
    if (!entity?.connected) return;
    if (now().getTime() - Date.parse(entity.lastActivityTime) >= ACTIVITY_GRAIN_MS)
      directory.setActivity(entity, true);
  }
}

function parseJson(payload: string | Buffer): unknown {
  const text = payload.toString();
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
