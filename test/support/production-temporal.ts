import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { claimPort, freePort } from '../../src/local-system/ports.ts';
import { startPostgresServer } from '../../src/local-system/postgres-server.ts';
import { startProcess } from '../../src/local-system/process.ts';
import { connectTemporal } from '../../src/adapters/temporal/connect-temporal.ts';
import type { ComposeService } from './compose-file.ts';
import { partPath } from './outside-parts.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

/** What `startProductionTemporal` needs of the machine. */
export const PRODUCTION_PARTS = [
  'temporal',
  'temporal-server',
  'temporal-sql-tool',
  'temporal-server-source',
] as const;

export interface ProductionTemporal {
  readonly address: string;
  /** URL of Windlass's own database on the same PostgreSQL. */
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/** Temporal keeps its ports in PostgreSQL as smallint, so they must stay below 32768. */
async function lowPort(): Promise<string> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await claimPort(port, 'temporal.port').catch(() => undefined)) return String(port);
  }
}

type Services = Readonly<Record<string, ComposeService>>;

function environment(services: Services, name: string): Record<string, string> {
  const service = services[name];
  if (service === undefined) throw new Error(`the compose file has no service ${name}`);
  return { ...service.environment };
}

/**
 * Runs a script of docker/ as its job in the compose file does, with the tools that it expects on
 * PATH.
 */
async function runJob(script: string, env: Record<string, string>): Promise<void> {
  await run('/bin/sh', [join(ROOT, 'docker', script)], {
    env: { HOME: process.env.HOME, ...env },
    timeout: 180_000,
    maxBuffer: 50_000_000,
  });
}

/**
 * The compose file's PostgreSQL, schema job, Temporal server and namespace job, as processes of
 * this machine: the same scripts and variables, only hosts, ports and paths are this machine's.
 */
export async function startProductionTemporal(
  services: Services,
  folder: string,
): Promise<ProductionTemporal> {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(await partPath('temporal-sql-tool'), join(bin, 'temporal-sql-tool'));
  symlinkSync(await partPath('temporal'), join(bin, 'temporal'));
  const source = await partPath('temporal-server-source');
  const PATH = [bin, dirname(process.execPath), process.env.PATH ?? ''].join(':');

  const postgresPort = await freePort();
  const postgres = await startPostgresServer({
    stateDir: folder,
    port: postgresPort,
    settings: ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'],
    restart: false,
  });
  try {
    const schema = environment(services, 'temporal-schema');
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    // What docker/postgres-init.sh does with psql.
    await client.query(`CREATE ROLE temporal LOGIN CREATEDB PASSWORD '${schema.SQL_PASSWORD ?? ''}'`);
    await client.end();
    const sql = { SQL_HOST: '127.0.0.1', SQL_PORT: String(postgresPort) };
    const schemaEnv = { ...schema, ...sql, PATH, SCHEMA_DIR: join(source, 'schema/postgresql/v12') };
    await runJob('temporal-schema.sh', schemaEnv);
    await runJob('temporal-schema.sh', schemaEnv); // a second `up` runs it again

    const ports: string[] = [];
    for (let i = 0; i < 9; i += 1) ports.push(await lowPort());
    const [frontend = '', http = '', history = '', matching = '', worker = '', ...membership] = ports;
    const address = `127.0.0.1:${frontend}`;
    const server = await startProcess({
      name: 'temporal-server',
      command: await partPath('temporal-server'),
      args: ['--root', source, '--env', 'docker', '--allow-no-auth', 'start'],
      env: {
        ...environment(services, 'temporal'),
        POSTGRES_SEEDS: '127.0.0.1',
        DB_PORT: String(postgresPort),
        VISIBILITY_DB_PORT: String(postgresPort),
        BIND_ON_IP: '127.0.0.1',
        FRONTEND_GRPC_PORT: frontend,
        FRONTEND_HTTP_PORT: http,
        HISTORY_GRPC_PORT: history,
        MATCHING_GRPC_PORT: matching,
        WORKER_GRPC_PORT: worker,
        FRONTEND_MEMBERSHIP_PORT: membership[0] ?? '',
        HISTORY_MEMBERSHIP_PORT: membership[1] ?? '',
        MATCHING_MEMBERSHIP_PORT: membership[2] ?? '',
        WORKER_MEMBERSHIP_PORT: membership[3] ?? '',
        DYNAMIC_CONFIG_FILE_PATH: join(ROOT, 'docker/temporal-dynamic-config.yaml'),
      },
      stateDir: folder,
      probe: async () => {
        await (await connectTemporal(address)).close();
        return true;
      },
      readyTimeoutMs: 120_000,
    });
    try {
      const namespace = environment(services, 'temporal-namespace');
      await runJob('temporal-namespace.sh', { ...namespace, TEMPORAL_ADDRESS: address, PATH });
    } catch (error) {
      await server.stop();
      throw error;
    }
    return {
      address,
      databaseUrl: postgres.url,
      stop: async () => {
        await server.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
