import type { Message, ModuleClient } from 'azure-iot-device';

export interface ModuleCredentials {
  /**
   * Module connection string; absent: the identity comes from the IoT Edge runtime (IOTEDGE_*
   * variables).
   */
  readonly connectionString?: string | undefined;
  /** PEM file of the hub's (or gateway's) authority, when it is not a public one. */
  readonly caFile?: string | undefined;
}

/**
 * A Microsoft module client over MQTT that does not retry by itself: HubConnection decides when to
 * connect again. The library is loaded here, so that a module without a hub never pays for it.
 */
export async function createModuleClient(credentials: ModuleCredentials): Promise<ModuleClient> {
  const [device, mqtt, common] = await Promise.all([
    import('azure-iot-device'),
    import('azure-iot-device-mqtt'),
    import('azure-iot-common'),
  ]);
  const { ModuleClient: Client } = device.default;
  const client = credentials.connectionString
    ? Client.fromConnectionString(credentials.connectionString, mqtt.default.Mqtt)
    : await Client.fromEnvironment(mqtt.default.Mqtt);
  client.setRetryPolicy(new common.default.NoRetry());
  if (credentials.caFile) await client.setOptions({ ca: credentials.caFile });
  return client;
}

/**
 * A JSON message with its content type, encoding and schema set, so that the hub can route it by
 * its body.
 */
export async function jsonMessage(body: string, schema: string, messageId: string): Promise<Message> {
  const { Message } = (await import('azure-iot-device')).default;
  const message = new Message(body);
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.messageId = messageId;
  message.properties.add('schema', schema);
  return message;
}
