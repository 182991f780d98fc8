import { createLog } from '../../edge/log.ts';
import { messageOf } from '../../src/base/error-message.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { parseFleetOptions, type FleetOptions } from './options.ts';

const USAGE = `usage: node stand-ins/fleet/main.ts (--hub-connection-string-file FILE | --hub-connection-string TEXT)
       [--hub-https-port N] [--hub-mqtt-port N] [--ca FILE] --images DIR --state DIR [--devices N] [--seed N]
       [--speed ROWS_PER_SECOND] [--stride ROWS] [--control-port N] [--script FILE] [--log debug|info|warn|error]
The connection string file holds a service connection string, or the ready line of the IoT Hub stand-in.`;

function readOptions(): FleetOptions {
  try {
    return parseFleetOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}\n`);
    return process.exit(2);
  }
}

const options = readOptions();
const log = createLog({ level: options.logLevel, write: (line) => process.stderr.write(line) });
let fleet: Fleet | undefined;
let ending = false;

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(0), 10_000).unref();
    void (fleet?.close() ?? Promise.resolve()).then(() => process.exit(0));
  });

try {
  fleet = await startFleet(options, log);
  const online = [...fleet.devices.values()].filter((device) => device.connected).length;
  process.stdout.write(
    `${JSON.stringify({ ready: true, control: fleet.control, devices: fleet.devices.size, online })}\n`,
  );
} catch (error) {
  process.stderr.write(`The fleet could not start: ${messageOf(error)}\n`);
  process.exit(1);
}
