import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { freePort } from '../../src/local-system/ports.ts';
import { hasPollers } from '../../src/adapters/temporal/pollers.ts';
import { startProcess, type ManagedProcess } from '../../src/local-system/process.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { TASK_QUEUES } from '../../src/contracts/names.ts';
import type { BuildResult } from '../../src/contracts/build/build.ts';
import { connectTemporal } from '../../src/adapters/temporal/connect-temporal.ts';
import { readCompose } from '../support/compose-file.ts';
import { SHARED_ENVIRONMENTS } from '../support/environments.ts';
import { noPython } from '../support/missing.ts';
import { missingPart } from '../support/outside-parts.ts';
import { PRODUCTION_PARTS, startProductionTemporal } from '../support/production-temporal.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTinyProject } from '../support/tiny-project.ts';
import { testUnless } from '../support/unless.ts';

/**
 * What docker-compose.temporal.yml promises: Temporal's production server over PostgreSQL, and the
 * file's own commands and variables for the API and for one worker process per task queue. Only
 * hosts, ports and folders are this machine's.
 */
const missing = (await missingPart(...PRODUCTION_PARTS)) ?? (await noPython());
const testWithServer = testUnless(missing);

const root = join(import.meta.dirname, '../..');
const folder = tempFolder('production');
const closers: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closers.toReversed()) await close();
  folder.remove();
}, 120_000);

testWithServer(
  'a build runs through the API on one worker process per task queue',
  async () => {
    const hub = await startProcess({
      name: 'hub',
      command: 'node',
      args: [join(root, 'stand-ins/iot-hub/main.ts'), '--state', join(folder.path, 'hub')],
      stateDir: folder.path,
    });
    closers.push(() => hub.stop());
    const token = 'token-0123456789abcdef';
    const services = readCompose({
      TEMPORAL_DB_PASSWORD: 'tempsecret',
      WINDLASS_DB_PASSWORD: 'dbsecret',
      WINDLASS_API_TOKEN: token,
      WINDLASS_HUB_CONNECTION_STRING: String(hub.ready.connectionString),
      TEMPORAL_NAMESPACE: 'operations',
    });
    const temporal = await startProductionTemporal(services, folder.path);
    closers.push(() => temporal.stop());

    const here = {
      TEMPORAL_ADDRESS: temporal.address,
      DATABASE_URL: temporal.databaseUrl,
      WINDLASS_STATE_DIR: join(folder.path, 'state'),
      WINDLASS_TRAINING_ENVIRONMENTS_DIR: SHARED_ENVIRONMENTS,
      WINDLASS_HUB_TELEMETRY_DIR: String(hub.ready.telemetryDir),
      WINDLASS_HUB_PORT: String(hub.ready.https),
      WINDLASS_HUB_CA_FILE: String(hub.ready.caFile),
    };
    const start = async (name: string, more: Record<string, string>): Promise<ManagedProcess> => {
      const service = services[name];
      if (service?.command?.[0] !== 'node') throw new Error(`${name} has no node command`);
      const child = await startProcess({
        name,
        command: 'node',
        args: service.command.slice(1),
        env: { ...service.environment, ...here, ...more },
        cwd: root,
        stateDir: folder.path,
        readyTimeoutMs: 180_000,
        stopTimeoutMs: 40_000,
      });
      closers.push(() => child.stop());
      return child;
    };
    const api = await start('api', { WINDLASS_API_HOST: '127.0.0.1', WINDLASS_API_PORT: '0' });
    const workers = Object.keys(services).filter((name) => name.startsWith('worker-'));
    const metrics = new Map<string, number>();
    for (const name of workers) {
      const port = await freePort();
      metrics.set(name, port);
      await start(name, { WINDLASS_WORKER_METRICS_PORT: String(port) });
    }
    expect(workers).toHaveLength(5);
    // Models are profiled by workers that stand on a platform of their own; the compose file has
    // none.
    const queues = Object.values(TASK_QUEUES).filter((queue) => queue !== TASK_QUEUES.profiling);
    const served = await waitFor(() => hasPollers(temporal.address, 'operations', queues), {
      timeoutMs: 180_000,
      everyMs: 500,
    });
    expect(served).toBe(true);
    for (const port of metrics.values())
      expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);

    const tiny = createTinyProject(folder.path);
    const response = await fetch(`${String(api.ready.address)}/api/v1/builds`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ project: tiny.project, data: tiny.data }),
    });
    const started = (await response.json()) as { workflowId: string };
    expect([response.status, started]).toEqual([
      202,
      expect.objectContaining({ workflowId: expect.any(String) }),
    ]);

    const connection = await connectTemporal(temporal.address);
    closers.push(() => connection.close());
    const client = new Client({ connection, namespace: 'operations' });
    const result = (await client.workflow.getHandle(started.workflowId).result()) as BuildResult;
    expect(result.model).toMatchObject({ name: 'tiny', version: '1', aliases: ['champion'] });

    const found = await waitFor(
      async () => {
        const { count } = await client.workflow.count(
          "WindlassModel = 'tiny' AND ExecutionStatus = 'Completed'",
        );
        return count >= 1;
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
    expect(found).toBe(true); // the search attributes are registered, and visibility answers
    const text = await (
      await fetch(`http://127.0.0.1:${metrics.get('worker-training') ?? 0}/metrics`)
    ).text();
    expect(text).toMatch(/temporal_activity_execution_latency_count\{[^}]*task_queue="training"/);
  },
  600_000,
);
