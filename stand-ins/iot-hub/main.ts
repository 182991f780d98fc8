import { parseArgs } from 'node:util';
import { HUB_TIER_NAMES, type HubTier } from '../../src/contracts/device/hub-tier.ts';
import { startIotHub } from './hub.ts';
import { messageOf } from '../../src/base/error-message.ts';

const USAGE = `usage: node stand-ins/iot-hub/main.ts --state DIR [--https-port N] [--mqtt-port N] [--bind ADDRESS]
       [--hostname NAME] [--telemetry DIR] [--query-lag-ms N] [--partitions N] [--tier ${HUB_TIER_NAMES.join('|')}]`;

function fail(message: string): never {
  process.stderr.write(`${message}\n${USAGE}\n`);
  process.exit(2);
}

function whole(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  return /^\d+$/.test(text) ? Number(text) : fail(`--${name}: expected a whole number, not "${text}"`);
}

function readArguments(): Parameters<typeof startIotHub>[0] {
  const text = { type: 'string' } as const;
  const options = {
    state: text,
    'https-port': text,
    'mqtt-port': text,
    bind: text,
    hostname: text,
    telemetry: text,
    'query-lag-ms': text,
    partitions: text,
    tier: text,
  };
  try {
    const { values } = parseArgs({ options, strict: true });
    if (values.state === undefined) fail('--state is missing');
    const tier = values.tier ?? 'none';
    if (!HUB_TIER_NAMES.some((name) => name === tier))
      fail(`--tier: expected one of ${HUB_TIER_NAMES.join(', ')}`);
    return {
      stateDir: values.state,
      httpsPort: whole('https-port', values['https-port'], 0),
      mqttPort: whole('mqtt-port', values['mqtt-port'], 0),
      bind: values.bind,
      hostname: values.hostname,
      telemetryDir: values.telemetry,
      queryLagMs: whole('query-lag-ms', values['query-lag-ms'], 1000),
      partitions: whole('partitions', values.partitions, 2),
      tier: tier as HubTier,
    };
  } catch (error) {
    return fail(messageOf(error));
  }
}

const hub = await startIotHub(readArguments()).catch((error: unknown) => {
  process.stderr.write(`The hub could not start: ${messageOf(error)}\n`);
  return process.exit(1);
});

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void hub.close().then(() => process.exit(0));
  });

process.stdout.write(
  `${JSON.stringify({
    ready: true,
    https: hub.httpsPort,
    mqtt: hub.mqttPort,
    hostname: hub.hostname,
    connectionString: hub.connectionString,
    caFile: hub.caFile,
    telemetryDir: hub.telemetryDir,
  })}\n`,
);
