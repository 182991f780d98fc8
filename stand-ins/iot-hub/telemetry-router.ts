import { createHash } from 'node:crypto';
import { appendFile, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A device-to-cloud message as it came over MQTT. */
export interface DeviceMessage {
  readonly deviceId: string;
  readonly moduleId: string | null;
  readonly generationId: string;
  /**
   * Names as in MQTT topics: `$.ct`, `$.ce`, `$.mid`, `$.cid`, `$.uid`, `$.on`; all others are the
   * application's.
   */
  readonly properties: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  '$.ct': 'contentType',
  '$.ce': 'contentEncoding',
  '$.mid': 'messageId',
  '$.cid': 'correlationId',
  '$.uid': 'userId',
  '$.on': 'outputName',
};
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly line: string;
  readonly done: (error: Error | null) => void;
}

/**
 * Routes device-to-cloud messages to a folder that stands for the storage container: IoT Hub's JSON
 * lines in files `{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}`. A message is acknowledged when
 * its line is in the file.
 */
export class TelemetryRouter {
  readonly #folder: string;
  readonly #hubName: string;
  readonly #partitions: number;
  readonly #now: () => Date;
  readonly #queues: Waiting[][];
  readonly #writers: Array<Promise<void> | null>;
  readonly #seen = new Set<string>();

  constructor(options: { folder: string; hubName: string; partitions: number; now: () => Date }) {
    this.#folder = options.folder;
    this.#hubName = options.hubName;
    this.#partitions = options.partitions;
    this.#now = options.now;
    this.#queues = Array.from({ length: options.partitions }, () => []);
    this.#writers = Array.from({ length: options.partitions }, () => null);
  }

  /** Resolves when the message is stored. */
  route(message: DeviceMessage): Promise<void> {
    const partition =
      createHash('sha256').update(message.deviceId).digest().readUInt32BE(0) % this.#partitions;
    const line = `${JSON.stringify(routedRecord(message, this.#now()))}\n`;
    return new Promise((resolve, reject) => {
      this.#queues[partition]?.push({ line, done: (error) => (error ? reject(error) : resolve()) });
      this.#writers[partition] ??= this.#write(partition).finally(() => (this.#writers[partition] = null));
    });
  }

  /** Resolves when everything taken so far is in the files. */
  async flush(): Promise<void> {
    await Promise.all(this.#writers.filter((writer) => writer !== null));
  }

  async #write(partition: number): Promise<void> {
    // gathers what arrives together into one append
    await new Promise((resolve) => setTimeout(resolve, 5));
    const queue = this.#queues[partition] ?? [];
    while (queue.length > 0) {
      let bytes = 0;
      const size = queue.findIndex((waiting) => (bytes += waiting.line.length) > MAX_BATCH_BYTES);
      const batch = queue.splice(0, size === -1 ? queue.length : Math.max(1, size));
      let failure: Error | null = null;
      try {
        await this.#append(partition, batch.map((waiting) => waiting.line).join(''));
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
      }
      for (const waiting of batch) waiting.done(failure);
    }
  }

  async #append(partition: number, text: string): Promise<void> {
    const minute = this.#now().toISOString().slice(0, 16).replace(/[-T:]/g, '/');
    const file = join(this.#folder, this.#hubName, String(partition), minute);
    if (this.#seen.has(file)) return appendFile(file, text);
    await mkdir(dirname(file), { recursive: true });
    const torn = await endsWithinLine(file);
    await appendFile(file, torn ? `\n${text}` : text);
    this.#seen.clear();
    this.#seen.add(file);
  }
}

/**
 * One line of a routed file, with IoT Hub's names. The body is JSON only when the message says so.
 */
export function routedRecord(message: DeviceMessage, enqueued: Date): Record<string, unknown> {
  const properties: Record<string, string> = {};
  const system: Record<string, string> = {
    connectionDeviceId: message.deviceId,
    ...(message.moduleId === null ? {} : { connectionModuleId: message.moduleId }),
    connectionAuthMethod: JSON.stringify({
      scope: message.moduleId === null ? 'device' : 'module',
      type: 'sas',
      issuer: 'iothub',
    }),
    connectionDeviceGenerationId: message.generationId,
    enqueuedTime: ticks(enqueued),
  };
  for (const [name, value] of Object.entries(message.properties)) {
    const known = SYSTEM_NAMES[name];
    if (known !== undefined) system[known] = value;
    else properties[name] = value;
  }
  return {
    EnqueuedTimeUtc: ticks(enqueued),
    Properties: properties,
    SystemProperties: system,
    Body: body(message.payload, system),
  };
}

function body(payload: Buffer, system: Record<string, string>): unknown {
  const isJson = /^application\/json\b/i.test(system['contentType'] ?? '');
  const isUtf8 = /^utf-?8$/i.test(system['contentEncoding'] ?? '');
  if (isJson && isUtf8)
    try {
      return JSON.parse(payload.toString('utf8')) as unknown;
    } catch {
      // not JSON after all: stored as bytes, as IoT Hub does
    }

  return payload.toString('base64');
}

/** ISO 8601 with the seven decimals that IoT Hub writes. */
function ticks(time: Date): string {
  return time.toISOString().replace('Z', '0000Z');
}

async function endsWithinLine(file: string): Promise<boolean> {
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const last = Buffer.alloc(1);
    await handle.read(last, 0, 1, size - 1);
    return last[0] !== 0x0a;
  } finally {
    await handle.close();
  }
}
