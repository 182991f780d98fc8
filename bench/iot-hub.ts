/**
 * How fast the hub stand-in is: node bench/iot-hub.ts [--devices 2000] [--connections 200]
 * [--messages 20].
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import iotDevice from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';
import { createFleetHub } from '../src/adapters/iot-hub/fleet-hub.ts';
import { createRoutedTelemetry } from '../src/adapters/iot-hub/routed-telemetry.ts';
import { targetName } from '../src/contracts/device/device-tags.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { devices: text, connections: text, messages: text } });
const devices = Number(values.devices ?? 2000);
const connections = Math.min(Number(values.connections ?? 200), devices);
const messages = Number(values.messages ?? 20);

const stateDir = mkdtempSync(join(tmpdir(), 'windlass-hub-bench-'));
const main = join(import.meta.dirname, '../stand-ins/iot-hub/main.ts');
const child = spawn(process.execPath, [main, '--state', stateDir, '--query-lag-ms', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
const ready = JSON.parse(line) as {
  https: number;
  mqtt: number;
  connectionString: string;
  caFile: string;
  telemetryDir: string;
};
const fleet = createFleetHub({
  connectionString: ready.connectionString,
  port: ready.https,
  mqttPort: ready.mqtt,
  caFile: ready.caFile,
});

/** CPU time that the hub's process has used (10 ms ticks of Linux). */
function hubCpuMs(): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measure<T>(what: string, count: number, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const busy = hubCpuMs();
  const result = await work();
  const ms = performance.now() - started;
  const rate = ((count / ms) * 1000).toFixed(0);
  const cpu = hubCpuMs() - busy;
  process.stdout.write(
    `${what.padEnd(50)} ${ms.toFixed(0).padStart(6)} ms ${rate.padStart(6)} /s, hub CPU ${cpu} ms\n`,
  );
  return result;
}

async function readAll(): Promise<number> {
  const source = createRoutedTelemetry({ folder: ready.telemetryDir });
  let cursor: string | null = null;
  let count = 0;
  for (let more = true; more;) {
    const read = await source.read(cursor, 1000);
    count += read.messages.length;
    ({ cursor, more } = read);
  }
  return count;
}

async function connect(connection: string): Promise<iotDevice.Client> {
  const client = iotDevice.Client.fromConnectionString(connection, mqtt.Mqtt);
  await client.setOptions({ ca: readFileSync(ready.caFile, 'utf8') });
  await client.open();
  return client;
}

const ids = Array.from({ length: devices }, (_, i) => `pump-${String(i).padStart(5, '0')}`);
const wanted = ids.map((deviceId, i) => ({ deviceId, tags: { site: `site-${i % 20}` } }));
const image = { image: 'repo@sha256:0', model: { name: 'm', version: '1', digest: 'd' }, priority: 10 };

try {
  const strings = await measure(`provision ${devices} edge devices in bulk`, devices, () =>
    fleet.provision(wanted),
  );
  await measure(`query all ${devices} devices, paged`, devices, () => fleet.listDevices(''));
  await measure('ensure base and layer (all devices looked at)', devices, () =>
    fleet.ensureConfiguration({ id: targetName('m', '1'), ...image }),
  );
  await measure(`set the target of ${devices} devices`, devices, () =>
    fleet.setTarget(ids, targetName('m', '1')),
  );
  await measure(`read the evidence of ${devices} devices`, devices, () => fleet.readEvidence(ids));
  const clients = await measure(`connect ${connections} MQTT clients at once`, connections, () =>
    Promise.all(ids.slice(0, connections).map((id) => connect(strings[id] ?? ''))),
  );
  const total = connections * messages;
  await measure(`send ${total} messages, each acknowledged`, total, () =>
    Promise.all(
      clients.map(async (client) => {
        for (let n = 0; n < messages; n += 1) await client.sendEvent(new iotDevice.Message('x'.repeat(1000)));
      }),
    ),
  );
  const arrived = await measure(`read ${total} routed messages`, total, readAll);
  if (arrived !== total) throw new Error(`${arrived} of ${total} messages arrived`);
  await measure(`close ${connections} clients`, connections, () =>
    Promise.all(clients.map((client) => client.close())),
  );
  const memory = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  process.stdout.write(`hub memory ${(Number(memory) / 1024).toFixed(0)} MB\n`);
} finally {
  fleet.close();
  child.kill('SIGTERM');
  await once(child, 'exit');
  rmSync(stateDir, { recursive: true });
}
