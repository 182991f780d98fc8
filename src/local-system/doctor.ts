import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { findPython } from '../adapters/python/find-python.ts';
import { SETTINGS, type WindlassConfig } from '../config/schema.ts';
import type { ErrorCode } from '../errors/table.ts';
import { WindlassError } from '../errors/windlass-error.ts';
import { onPath } from './outside-parts/look.ts';
import { findPart } from './outside-parts/obtain-part.ts';
import { claimPort } from './ports.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { launcherFor, postgresIdentity } from './postgres-identity.ts';
import { checkDatabase } from './postgres-server.ts';
import { runningSystem } from './system.ts';
import { connectTemporal } from '../adapters/temporal/connect-temporal.ts';
import { messageOf } from '../base/error-message.ts';

const run = promisify(execFile);
const CALL_TIMEOUT_MS = 5_000;
const ENOUGH_BYTES = 4e9;
const LEAST_BYTES = 1e9;

/** What one check saw; `optional` means that Windlass works without it, or gets it by itself. */
export interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'optional' | 'missing';
  readonly found: string;
  /** What to do about it. */
  readonly fix?: string;
  /** The error that work would end with. */
  readonly code: ErrorCode;
}

export interface DoctorOptions {
  readonly pythonCandidates?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

type Check = (config: WindlassConfig, options: DoctorOptions) => Promise<Finding | Finding[]>;

function missing(name: string, code: ErrorCode, error: unknown): Finding {
  const found = messageOf(error);
  return {
    name,
    status: 'missing',
    code,
    found,
    fix: error instanceof WindlassError ? error.hint : undefined,
  };
}

async function checkNode(): Promise<Finding> {
  const base = { name: 'Node', code: 'INTERNAL', found: process.version } as const;
  if (Number(process.versions.node.split('.')[0]) >= 24) return { ...base, status: 'ok' };
  return {
    ...base,
    status: 'missing',
    fix: 'Run npm ci, and start with ./windlass, which uses Node 24.',
  };
}

async function checkTemporal(config: WindlassConfig, options: DoctorOptions): Promise<Finding> {
  const base = { name: 'Temporal', code: 'TEMPORAL_UNAVAILABLE' } as const;
  const { address } = config.temporal;
  if (address !== undefined)
    try {
      await (await connectTemporal(address)).close();
      return { ...base, status: 'ok', found: `server at ${address}` };
    } catch (error) {
      return missing(base.name, base.code, error);
    }

  const env = options.env ?? process.env;
  const part = await findPart('temporal', { env });
  if (part !== undefined) return { ...base, status: 'ok', found: `${part.path} (${part.source})` };
  const go = onPath('go', env) === undefined ? '' : ', otherwise it is built with Go (3 minutes)';
  return {
    ...base,
    status: 'optional',
    found: `not here; the first start downloads it${go}`,
    fix: 'To have it now: https://docs.temporal.io/cli#install; or set TEMPORAL_ADDRESS to a server.',
  };
}

async function checkPostgres(config: WindlassConfig): Promise<Finding> {
  const base = { name: 'PostgreSQL', code: 'DATABASE_UNAVAILABLE' } as const;
  try {
    if (config.database.url !== undefined) {
      const { version } = await checkDatabase(config.database.url);
      return { ...base, status: 'ok', found: `server ${version} at DATABASE_URL` };
    }
    const { postgres } = await postgresBinaries();
    launcherFor(postgres, [existingParent(config.stateDir)], postgresIdentity());
    const { stdout } = await run(postgres, ['--version'], { timeout: CALL_TIMEOUT_MS });
    return { ...base, status: 'ok', found: `${stdout.trim()} (embedded)` };
  } catch (error) {
    return missing(base.name, base.code, error);
  }
}

async function checkPython(_config: WindlassConfig, options: DoctorOptions): Promise<Finding> {
  try {
    const { executable, version } = await findPython(options.pythonCandidates);
    return {
      name: 'Python',
      code: 'PYTHON_MISSING',
      status: 'ok',
      found: `${version} with venv (${executable})`,
    };
  } catch (error) {
    return missing('Python', 'PYTHON_MISSING', error);
  }
}

async function checkGit(): Promise<Finding> {
  const base = { name: 'git', code: 'SOURCE_UNREACHABLE' } as const;
  try {
    const { stdout } = await run('git', ['--version'], { timeout: CALL_TIMEOUT_MS });
    return { ...base, status: 'ok', found: stdout.trim() };
  } catch {
    const fix = 'Install git: https://git-scm.com/downloads (Debian: apt-get install git).';
    return { ...base, status: 'missing', found: 'not on PATH', fix };
  }
}

async function dockerVersion(): Promise<string> {
  const { default: Docker } = await import('dockerode');
  const docker = new Docker({ timeout: CALL_TIMEOUT_MS });
  const { Version } = await docker.version();
  return Version;
}

async function checkDocker(config: WindlassConfig): Promise<Finding> {
  const base = { name: 'Docker Engine', code: 'DOCKER_UNAVAILABLE' } as const;
  const { engine } = config.packaging;
  if (engine === 'process') return { ...base, status: 'ok', found: 'not used (packaging.engine is process)' };
  try {
    return { ...base, status: 'ok', found: await dockerVersion() };
  } catch (error) {
    const reason = messageOf(error);
    return {
      ...base,
      status: engine === 'docker' ? 'missing' : 'optional',
      found: engine === 'docker' ? reason : `does not answer (${reason}); images are tested as processes`,
      fix: 'Start the engine, or install one (Debian: apt-get install docker.io); DOCKER_HOST names another one.',
    };
  }
}

function existingParent(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingParent(dirname(path));
}

async function checkDisk(config: WindlassConfig): Promise<Finding> {
  const folder = existingParent(config.stateDir);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const base = {
    name: 'Disk space',
    code: 'CONFIG_INVALID',
    found: `${(free / 1e9).toFixed(1)} GB free at ${folder}`,
  } as const;
  if (free >= ENOUGH_BYTES) return { ...base, status: 'ok' };
  const fix =
    'Free some, or put the state folder elsewhere: WINDLASS_STATE_DIR. Environments and images take 2 to 4 GB.';
  return { ...base, status: free < LEAST_BYTES ? 'missing' : 'optional', fix };
}

function portSettings(config: WindlassConfig): [string, number][] {
  const { temporal, database, hub, api } = config;
  const all: [string, number, boolean][] = [
    ['temporal.port', temporal.port, temporal.address === undefined],
    ['temporal.uiPort', temporal.uiPort, temporal.address === undefined],
    ['database.port', database.port, database.url === undefined],
    ['hub.httpsPort', hub.httpsPort, hub.connectionString === undefined],
    ['hub.mqttPort', hub.mqttPort, hub.connectionString === undefined],
    ['api.port', api.port, true],
  ];
  return all.flatMap(([setting, port, used]) => (used ? [[setting, port] as [string, number]] : []));
}

async function checkPorts(config: WindlassConfig): Promise<Finding[]> {
  const running = runningSystem(config.stateDir);
  if (running !== undefined) {
    const found = `held by windlass ${running.record.command} (process ${running.record.pid})`;
    return [{ name: 'Ports', code: 'PORT_IN_USE', status: 'ok', found }];
  }
  const findings = await Promise.all(
    portSettings(config).map(async ([setting, port]): Promise<Finding[]> => {
      try {
        await claimPort(port, setting);
        return [];
      } catch (error) {
        return [missing(`Port ${port}`, 'PORT_IN_USE', error)];
      }
    }),
  );
  const busy = findings.flat();
  const free = portSettings(config).map(([, port]) => port);
  return busy.length > 0
    ? busy
    : [{ name: 'Ports', code: 'PORT_IN_USE', status: 'ok', found: `${free.join(', ')} are free` }];
}

function canConnect(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CALL_TIMEOUT_MS });
    const end = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(new Error('no answer in 5 seconds')));
    socket.once('error', end);
  });
}

async function checkHub(config: WindlassConfig): Promise<Finding> {
  const base = { name: 'IoT Hub', code: 'HUB_UNREACHABLE' } as const;
  const host = /HostName=([^;:]+)/.exec(config.hub.connectionString ?? '')?.[1];
  if (host === undefined)
    return { ...base, status: 'ok', found: 'the stand-in (set hub.connectionString for a real one)' };
  const port = config.hub.port ?? 443;
  try {
    await canConnect(host, port);
    return { ...base, status: 'ok', found: `${host}:${port} answers` };
  } catch (error) {
    const reason = messageOf(error);
    const env = SETTINGS.find((s) => s.key === 'hub.connectionString')?.env ?? '';
    const fix = `Check hub.connectionString (${env}) and the network; unset it to use the stand-in.`;
    return { ...base, status: 'missing', found: `${host}:${port} does not answer: ${reason}`, fix };
  }
}

const CHECKS: readonly Check[] = [
  checkNode,
  checkTemporal,
  checkPostgres,
  checkPython,
  checkGit,
  checkDocker,
  checkHub,
  checkDisk,
  checkPorts,
];

/** Looks for everything that Windlass needs on this machine; changes nothing, starts nothing. */
export async function runChecks(config: WindlassConfig, options: DoctorOptions = {}): Promise<Finding[]> {
  return (await Promise.all(CHECKS.map((check) => check(config, options)))).flat();
}
