import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import iotDevice from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';
import iothub from 'azure-iothub';
import { startIotHub, type IotHub, type IotHubOptions } from '../../stand-ins/iot-hub/hub.ts';

export interface TestHub {
  readonly hub: IotHub;
  readonly stateDir: string;
  /** Microsoft's client as it comes; only its agent knows the port and the CA. */
  readonly registry: iothub.Registry;
  readonly service: iothub.Client;
  stop(): Promise<void>;
}

/** A hub on free ports in a folder of its own; queries do not lag unless asked. */
export async function startTestHub(options: Partial<IotHubOptions> = {}): Promise<TestHub> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'windlass-hub-'));
  const hub = await startIotHub({ queryLagMs: 0, ...options, stateDir });
  const agent = hubAgent(hub);
  const registry = iothub.Registry.fromConnectionString(hub.connectionString);
  const service = iothub.Client.fromConnectionString(hub.connectionString);
  for (const client of [registry, service]) useAgent(client, agent);
  const stop = async (): Promise<void> => {
    agent.destroy();
    await hub.close();
    rmSync(stateDir, { recursive: true, force: true });
  };
  return { hub, stateDir, registry, service, stop };
}

/** An agent that goes to the hub's port whatever the URL says, and trusts its certificate. */
export function hubAgent(hub: Pick<IotHub, 'httpsPort' | 'caFile'>): https.Agent {
  const agent = new https.Agent({ keepAlive: true, ca: readFileSync(hub.caFile, 'utf8') });
  return Object.assign(agent, { defaultPort: hub.httpsPort });
}

function useAgent(client: object, agent: https.Agent): void {
  const { _restApiClient: rest } = client as { _restApiClient: { setOptions(options: object): void } };
  rest.setOptions({ http: { agent } });
}

/** The connection string of a device or module, as an edge device would have it. */
export function deviceConnection(
  hub: Pick<IotHub, 'hostname' | 'mqttPort'>,
  identity: { deviceId: string; moduleId?: string; key: string },
): string {
  const module = identity.moduleId === undefined ? '' : `;ModuleId=${identity.moduleId}`;
  return (
    `HostName=${hub.hostname};DeviceId=${identity.deviceId}${module};SharedAccessKey=${identity.key}` +
    `;GatewayHostName=${hub.hostname}:${hub.mqttPort}`
  );
}

/**
 * Microsoft's device client over MQTT, connected; its retries are off, so that a test sees each
 * failure.
 */
export async function openDevice(hub: IotHub, connection: string): Promise<iotDevice.Client> {
  const client = iotDevice.Client.fromConnectionString(connection, mqtt.Mqtt);
  return open(hub, client);
}

/** Microsoft's module client over MQTT, connected. */
export async function openModule(hub: IotHub, connection: string): Promise<iotDevice.ModuleClient> {
  const client = iotDevice.ModuleClient.fromConnectionString(connection, mqtt.Mqtt);
  return open(hub, client);
}

async function open<T extends iotDevice.Client | iotDevice.ModuleClient>(hub: IotHub, client: T): Promise<T> {
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await client.setOptions({ ca: readFileSync(hub.caFile, 'utf8') });
  await client.open();
  return client;
}

/** Asks again until the answer is there; fails with the last one after the deadline. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  isThere: (answer: T) => boolean,
  deadlineMs = 5000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)} after ${deadlineMs} ms`);
    await sleep(20);
  }
}

export interface HubAnswer {
  readonly status: number;
  readonly errorCode: string | null;
  readonly body: unknown;
}

/**
 * One call as it goes over the wire, e.g. `GET /devices`, signed with the service policy unless
 * told otherwise.
 */
export function hubCall(
  hub: IotHub,
  line: string,
  options: { body?: unknown; authorization?: string; query?: string },
): Promise<HubAnswer> {
  const [method = 'GET', path = '/'] = line.split(' ');
  const authorization = options.authorization ?? serviceToken(hub);
  const agent = hubAgent(hub);
  const target = `${path}${options.query ?? '?api-version=2021-04-12'}`;
  return new Promise<HubAnswer>((resolve, reject) => {
    const request = https.request(
      { host: 'localhost', method, path: target, agent, headers: { authorization } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => {
          const errorCode = answer.headers['iothub-errorcode'];
          resolve({
            status: answer.statusCode ?? 0,
            errorCode: typeof errorCode === 'string' ? errorCode : null,
            body: text === '' ? undefined : (JSON.parse(text) as unknown),
          });
        });
      },
    );
    request.on('error', reject);
    request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  }).finally(() => agent.destroy());
}

function serviceToken(hub: IotHub): string {
  const key = /SharedAccessKey=(.*)$/.exec(hub.connectionString)?.[1] ?? '';
  const expiry = Math.ceil(Date.now() / 1000) + 60;
  return iothub.SharedAccessSignature.create(hub.hostname, 'iothubowner', key, expiry).toString();
}
