import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createAccess } from '../../src/adapters/postgres/access/access.ts';
import { createHookDeliveries } from '../../src/adapters/postgres/hooks/hook-deliveries.ts';
import { createMlflowStores } from '../../src/adapters/postgres/mlflow/mlflow-stores.ts';
import { createMonitorStore } from '../../src/adapters/postgres/monitoring/monitor-store.ts';
import { createRegistry } from '../../src/adapters/postgres/registry/registry.ts';
import { createRolloutStore } from '../../src/adapters/postgres/rollout/rollout-store.ts';
import { createPythonRuntime } from '../../src/adapters/python/python-runtime.ts';
import { createPipelineStarter } from '../../src/adapters/temporal/pipeline-starter.ts';
import { createApi } from '../../src/api/app.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { systemClock } from '../../src/base/clock.ts';
import { SHARED_ENVIRONMENTS } from './environments.ts';
import { createTestDatabase } from './postgres.ts';
import { tempFolder } from './temp-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures/mlflow');

/**
 * The HTTP API on a port of its own, over a database and an artefact folder of its own; nothing
 * here needs Temporal.
 */
export interface MlflowDoor extends Pick<ApiDeps, 'registry' | 'access' | 'artefacts' | 'mlflow'> {
  readonly api: ReturnType<typeof createApi>;
  readonly address: string;
  close(): Promise<void>;
}

export async function startMlflowDoor(): Promise<MlflowDoor> {
  const folder = tempFolder('mlflow');
  const database = await createTestDatabase();
  const db = openDatabase(database.url);
  const clock = systemClock;
  const artefacts = createFileArtefactStore(folder.path);
  const stores = {
    registry: createRegistry(db, clock),
    access: createAccess(db, clock),
    artefacts,
    mlflow: createMlflowStores(db, clock, artefacts),
  };
  const temporal = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) });
  const api = createApi({
    ...stores,
    rollouts: createRolloutStore(db, clock),
    reports: createMonitorStore(db),
    hooks: {
      settings: { debounceSeconds: 1 },
      triggers: [],
      deliveries: createHookDeliveries(db, clock),
      clock,
    },
    temporal,
    starter: createPipelineStarter(temporal),
    probes: {},
    logger: pino({ level: 'silent' }),
  });
  const server = serve({ fetch: api.fetch, hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the server has no port');
  return {
    ...stores,
    api,
    address: `http://127.0.0.1:${at.port}`,
    close: async () => {
      await new Promise((closed) => server.close(closed));
      await db.destroy();
      await database.drop();
      folder.remove();
    },
  };
}

/**
 * Runs a session of the real MLflow client against an address, as the user `ada`; gives the JSON
 * that it prints last.
 */
export async function mlflowSession(script: string, address: string): Promise<Record<string, unknown>> {
  const runtime = createPythonRuntime({ environments: SHARED_ENVIRONMENTS });
  const lock = readFileSync(join(FIXTURES, 'requirements.lock'));
  const environment = await runtime.ensure({ kind: 'pip', lock });
  const folder = tempFolder('mlflow-session');
  try {
    let last = '';
    const result = await runtime.run(environment, {
      run: `python ${join(FIXTURES, script)}`,
      cwd: folder.path,
      variables: {
        MLFLOW_TRACKING_URI: address,
        MLFLOW_TRACKING_USERNAME: 'ada',
        MLFLOW_TRACKING_PASSWORD: 'any',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
        GIT_PYTHON_REFRESH: 'quiet',
        TMPDIR: folder.path,
      },
      logFile: join(folder.path, 'session.log'),
      pidFile: join(folder.path, 'session.pid'),
      timeoutMs: 120_000,
      onLine: (line, stream) => {
        if (stream === 'stdout' && line.startsWith('{')) last = line;
      },
    });
    if (result.exitCode !== 0) throw new Error(`the session failed:\n${result.lastLines.join('\n')}`);
    return JSON.parse(last) as Record<string, unknown>;
  } finally {
    folder.remove();
  }
}
