import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { HubTier } from '../../src/contracts/device/hub-tier.ts';
import { adminRoutes } from './admin-routes.ts';
import { loadCertificate } from './certificate.ts';
import { configurationRoutes } from './configuration-routes.ts';
import { Configurations } from './configurations.ts';
import { Deployments } from './deployments.ts';
import { Directory } from './directory.ts';
import { newKey } from './entity.ts';
import { FaultSwitch, type Faults } from './faults.ts';
import { HttpServer } from './http-server.ts';
import type { HubParts } from './hub-parts.ts';
import { identityRoutes } from './identity-routes.ts';
import { MqttServer } from './mqtt-server.ts';
import { QueryIndex } from './query-index.ts';
import { StateFile } from './state-file.ts';
import { TelemetryRouter } from './telemetry-router.ts';
import { twinRoutes } from './twin-routes.ts';

export interface IotHubOptions {
  /** Folder for state, certificate and (unless named) routed telemetry; made when absent. */
  readonly stateDir: string;
  /** 0: any free port. */
  readonly httpsPort?: number;
  readonly mqttPort?: number;
  /** Address to listen on; default 127.0.0.1. */
  readonly bind?: string;
  /** The HostName of the connection string; default localhost. */
  readonly hostname?: string;
  readonly queryLagMs?: number;
  /** Folder that stands for the storage container; default `<stateDir>/routed`. */
  readonly telemetryDir?: string;
  readonly partitions?: number;
  /** Whose limits to hold callers to; default none. */
  readonly tier?: HubTier;
}

/**
 * A running hub. `connectionString` is the service's (policy iothubowner); real clients add port
 * and CA.
 */
export interface IotHub {
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly hostname: string;
  readonly connectionString: string;
  readonly caFile: string;
  readonly telemetryDir: string;
  setFaults(faults: Faults): void;
  /** Calls so far by operation class. */
  calls(): Record<string, number>;
  /** Resolves when every change of tags or configurations has reached the module twins. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const POLICY = 'iothubowner';

/** Starts the IoT Hub stand-in on its state folder. */
export async function startIotHub(options: IotHubOptions): Promise<IotHub> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true });
  const hostname = options.hostname ?? 'localhost';
  const bind = options.bind ?? '127.0.0.1';
  const telemetryDir = resolve(options.telemetryDir ?? join(stateDir, 'routed'));
  mkdirSync(telemetryDir, { recursive: true });
  const certificate = await loadCertificate(stateDir, hostname);
  const state = new StateFile(join(stateDir, 'hub.sqlite'));
  const policyKey = await loadPolicyKey(state);
  let mqtt: MqttServer | null = null;
  const parts = assemble({ ...options, telemetryDir, hostname }, state, () => mqtt?.dropAll());
  mqtt = new MqttServer(parts, certificate);
  const http = new HttpServer(parts, {
    certificate,
    routes: [
      ...adminRoutes(parts),
      ...twinRoutes(parts, mqtt),
      ...identityRoutes(parts),
      ...configurationRoutes(parts),
    ],
    policies: { [POLICY]: policyKey },
  });
  const mqttServer = mqtt;
  const close = async (): Promise<void> => {
    parts.deployments.stop();
    await Promise.all([http.close(), mqttServer.close()]);
    await parts.telemetry.flush();
    state.close();
  };
  const listening = await Promise.allSettled([
    http.listen(bind, options.httpsPort ?? 0),
    mqttServer.listen(bind, options.mqttPort ?? 0),
  ]);
  const failed = listening.find((result) => result.status === 'rejected');
  if (failed) {
    state.close();
    throw failed.reason;
  }
  const [httpsPort = 0, mqttPort = 0] = listening.map((r) => (r.status === 'fulfilled' ? r.value : 0));
  return {
    httpsPort,
    mqttPort,
    hostname,
    connectionString: `HostName=${hostname};SharedAccessKeyName=${POLICY};SharedAccessKey=${policyKey}`,
    caFile: certificate.caFile,
    telemetryDir,
    setFaults: (faults) => {
      parts.faults.set(faults);
      if (faults.queryLagMs !== undefined) parts.index.lagMs = faults.queryLagMs;
    },
    calls: () => parts.faults.describe().calls,
    settled: () => parts.deployments.settled(),
    close,
  };
}

function assemble(
  options: IotHubOptions & { telemetryDir: string; hostname: string },
  state: StateFile,
  onDown: () => void,
): HubParts {
  const now = (): Date => new Date();
  const directory = new Directory(state, now);
  directory.load();
  const index = new QueryIndex(0, now);
  for (const entity of directory.all()) index.publish(entity.deviceId, entity.moduleId, entity);
  index.lagMs = options.queryLagMs ?? 1000;
  directory.onChange((before, after) => {
    const changed = after ?? before;
    if (changed) index.publish(changed.deviceId, changed.moduleId, after);
  });
  const deployments = new Deployments(directory);
  const configurations = new Configurations({ state, deployments, index, now });
  configurations.load();
  return {
    state,
    directory,
    index,
    deployments,
    configurations,
    faults: new FaultSwitch({ tier: options.tier ?? 'none', now, onDown }),
    telemetry: new TelemetryRouter({
      folder: options.telemetryDir,
      hubName: options.hostname.split('.')[0] ?? options.hostname,
      partitions: options.partitions ?? 2,
      now,
    }),
    now,
  };
}

async function loadPolicyKey(state: StateFile): Promise<string> {
  const known = state.load<string>('policy').find(([name]) => name === POLICY);
  if (known) return known[1];
  const key = newKey();
  state.put('policy', POLICY, key);
  await state.committed();
  return key;
}
