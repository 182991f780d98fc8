import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../adapters/postgres/migrate.ts';
import { openDatabase } from '../adapters/postgres/database.ts';
import { configToEnvironment } from '../config/load-config.ts';
import type { WindlassConfig } from '../config/schema.ts';
import type { TaskQueueName } from '../contracts/names.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { claimPort } from './ports.ts';
import { checkDatabase, startPostgresServer } from './postgres-server.ts';
import { startProcess, type ManagedProcess, type ProcessEvent, type ReadyLine } from './process.ts';
import type { ServiceName } from './system-types.ts';
import { prepareTemporal, startTemporalServer } from './temporal-server.ts';

/** The root of the project, where the children's programs are. */
export const PROJECT_ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface PartContext {
  readonly config: WindlassConfig;
  readonly queues: readonly TaskQueueName[];
  readonly report: (message: string) => void;
  readonly onEvent: (event: ProcessEvent) => void;
  readonly signal?: AbortSignal;
}

/**
 * What a started part adds: the settings that now have a value, and how to stop it (nothing for an
 * existing one).
 */
export interface StartedPart {
  readonly message: string;
  readonly settings?: (config: WindlassConfig) => WindlassConfig;
  readonly process?: ManagedProcess;
  readonly address?: string;
}

function text(ready: ReadyLine, key: string, service: string): string {
  const value = ready[key];
  if (typeof value === 'string') return value;
  throw new WindlassError('INTERNAL', `${service} did not say its ${key} when it was ready.`, {
    details: ready,
  });
}

/** A restart listens where the first run did; "0" (any) the first time. */
function portOf(address: unknown): string {
  return typeof address === 'string' ? new URL(address).port : '0';
}

async function migrateDatabase(url: string): Promise<number> {
  const db = openDatabase(url);
  try {
    return (await migrate(db)).length;
  } finally {
    await db.destroy();
  }
}

/**
 * The database: DATABASE_URL when set, otherwise the embedded PostgreSQL; its migrations are
 * applied.
 */
async function startDatabase({ config, ...context }: PartContext): Promise<StartedPart> {
  const existing = config.database.url;
  if (existing !== undefined) {
    const { version } = await checkDatabase(existing);
    await migrateDatabase(existing);
    return { message: `existing PostgreSQL ${version}` };
  }
  const port = await claimPort(config.database.port, 'database.port');
  const server = await startPostgresServer({ stateDir: config.stateDir, port, ...context });
  try {
    await migrateDatabase(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    message: `PostgreSQL on port ${port}`,
    process: server.process,
    settings: (c) => ({ ...c, database: { ...c.database, url: server.url, port } }),
  };
}

/**
 * Temporal: TEMPORAL_ADDRESS when set, otherwise the development server; the search attributes are
 * registered.
 */
async function startTemporal({ config, ...context }: PartContext): Promise<StartedPart> {
  const { address, namespace } = config.temporal;
  if (address !== undefined) {
    await prepareTemporal(address, namespace);
    return { message: `existing server at ${address}` };
  }
  const hint = ` To use a Temporal server that runs there already, set TEMPORAL_ADDRESS.`;
  const port = await claimPort(config.temporal.port, 'temporal.port', { hint });
  const uiPort = await claimPort(config.temporal.uiPort, 'temporal.uiPort');
  const server = await startTemporalServer({
    stateDir: config.stateDir,
    namespace,
    port,
    uiPort,
    ...context,
  });
  return {
    message: `UI at ${server.ui} (program from ${server.source})`,
    process: server.process,
    settings: (c) => ({
      ...c,
      temporal: { ...c.temporal, address: server.address, port, uiPort, uiUrl: server.ui },
    }),
  };
}

/** The hub: hub.connectionString when set, otherwise the IoT Hub stand-in. */
async function startHub({ config, ...context }: PartContext): Promise<StartedPart> {
  if (config.hub.connectionString !== undefined) {
    const host = /HostName=([^;]+)/.exec(config.hub.connectionString)?.[1] ?? '';
    return { message: `existing hub ${host}` };
  }
  const https = await claimPort(config.hub.httpsPort, 'hub.httpsPort');
  const mqtt = await claimPort(config.hub.mqttPort, 'hub.mqttPort');
  const state = join(config.stateDir, 'hub');
  mkdirSync(state, { recursive: true });
  const process = await startProcess({
    name: 'hub',
    command: 'node',
    args: [
      join(PROJECT_ROOT, 'stand-ins/iot-hub/main.ts'),
      ...['--state', state, '--https-port', String(https), '--mqtt-port', String(mqtt)],
    ],
    cwd: PROJECT_ROOT,
    stateDir: config.stateDir,
    readyTimeoutMs: 60_000,
    restart: true,
    errorCode: 'HUB_UNREACHABLE',
    ...context,
  });
  const { ready } = process;
  const hub = {
    connectionString: text(ready, 'connectionString', 'The hub'),
    caFile: text(ready, 'caFile', 'The hub'),
    telemetryDir: text(ready, 'telemetryDir', 'The hub'),
    port: https,
    httpsPort: https,
    mqttPort: mqtt,
  };
  return {
    message: `IoT Hub stand-in, HTTPS on ${https}, MQTT on ${mqtt}`,
    process,
    settings: (c) => ({ ...c, hub: { ...c.hub, ...hub } }),
  };
}

/** The virtual fleet, connected to the hub. */
async function startFleet({ config, ...context }: PartContext): Promise<StartedPart> {
  const { connectionString, caFile } = config.hub;
  if (connectionString === undefined) throw new WindlassError('NOT_RUNNING', 'The fleet needs a hub.');
  const secrets = join(config.stateDir, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  const secretFile = join(secrets, 'hub-connection-string');
  writeFileSync(secretFile, connectionString, { mode: 0o600 });
  const images = join(config.stateDir, 'images');
  mkdirSync(images, { recursive: true });
  const process = await startProcess({
    name: 'fleet',
    command: 'node',
    args: (previous) => [
      join(PROJECT_ROOT, 'stand-ins/fleet/main.ts'),
      ...['--hub-connection-string-file', secretFile, ...(caFile === undefined ? [] : ['--ca', caFile])],
      ...(config.hub.port === undefined ? [] : ['--hub-https-port', String(config.hub.port)]),
      ...['--hub-mqtt-port', String(config.hub.mqttPort)],
      ...['--devices', String(config.fleet.devices), '--seed', String(config.fleet.seed)],
      ...['--speed', String(config.fleet.speed), '--images', images],
      ...['--state', join(config.stateDir, 'fleet'), '--control-port', portOf(previous?.control)],
    ],
    env: { ORT_DISABLE_TELEMETRY: '1' },
    cwd: PROJECT_ROOT,
    stateDir: config.stateDir,
    readyTimeoutMs: 180_000,
    restart: true,
    ...context,
  });
  const address = text(process.ready, 'control', 'The fleet');
  return { message: `${config.fleet.devices} virtual pumps, control at ${address}`, process, address };
}

/** A worker process that serves the task queues. */
async function startWorker({ config, queues, ...context }: PartContext): Promise<StartedPart> {
  const process = await startProcess({
    name: 'worker',
    command: 'node',
    args: [join(PROJECT_ROOT, 'workers/main.ts'), '--queues', queues.join(',')],
    env: { ...configToEnvironment(config), ORT_DISABLE_TELEMETRY: '1' },
    cwd: PROJECT_ROOT,
    stateDir: config.stateDir,
    readyTimeoutMs: 120_000,
    stopTimeoutMs: 30_000,
    restart: true,
    ...context,
  });
  return { message: `task queues ${queues.join(', ')}`, process };
}

/** The HTTP API. */
async function startApi({ config, ...context }: PartContext): Promise<StartedPart> {
  const port = await claimPort(config.api.port, 'api.port', { host: config.api.host });
  const settings = (c: WindlassConfig): WindlassConfig => ({ ...c, api: { ...c.api, port } });
  const process = await startProcess({
    name: 'api',
    command: 'node',
    args: [join(PROJECT_ROOT, 'src/api/main.ts')],
    env: { ...configToEnvironment(settings(config)), ORT_DISABLE_TELEMETRY: '1' },
    cwd: PROJECT_ROOT,
    stateDir: config.stateDir,
    readyTimeoutMs: 60_000,
    restart: true,
    ...context,
  });
  const address = text(process.ready, 'address', 'The API');
  return { message: `at ${address}`, process, address, settings };
}

/** How each service of a system starts. */
export const STARTERS: Readonly<Record<ServiceName, (context: PartContext) => Promise<StartedPart>>> = {
  database: startDatabase,
  temporal: startTemporal,
  hub: startHub,
  fleet: startFleet,
  worker: startWorker,
  api: startApi,
};
