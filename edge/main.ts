import { createLog } from './log.ts';
import { startModule, type EdgeModule } from './edge-module.ts';
import { messageOf } from '../src/base/error-message.ts';
import { ModuleFault } from './module-fault.ts';
import { readSettings } from './settings.ts';

/** How long a clean stop may take before the process ends anyway. */
const STOP_MS = 5000;

const log = createLog({ level: 'info' });
let running: EdgeModule | undefined;
let ending = false;

async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(code), STOP_MS).unref();
  try {
    await running?.stop();
  } catch (error) {
    log.error('stopping failed', { error: messageOf(error) });
  }
  process.exit(code);
}

/** A crash is not tidied up: what was committed is on disk, as after a power cut. */
function crash(error: unknown): void {
  log.error('the module ends', {
    error: messageOf(error),
    exitCode: error instanceof ModuleFault ? error.exitCode : 1,
  });
  process.exit(error instanceof ModuleFault ? error.exitCode : 1);
}

process.on('SIGTERM', () => void end(0));
process.on('SIGINT', () => void end(0));
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

try {
  const settings = readSettings(process.env);
  const moduleLog = createLog({ level: settings.logLevel, fields: { device: settings.device } });
  running = await startModule(settings, moduleLog, crash);
  moduleLog.info('ready', { address: running.address, startMs: Math.round(process.uptime() * 1000) });
} catch (error) {
  crash(error);
}
