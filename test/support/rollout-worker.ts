import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { eventually } from './iot-hub.ts';
import type { RolloutBench } from './rollout-bench.ts';

const MAIN = join(import.meta.dirname, '../../workers/main.ts');

/**
 * The product's own worker for a rollout bench, as a process that can be killed; `cwd` is a folder
 * without configuration.
 */
export async function startRolloutWorker(
  bench: RolloutBench,
  env: TestWorkflowEnvironment,
  cwd: string,
): Promise<ChildProcess> {
  const { connectionString, httpsPort, mqttPort, caFile } = bench.hub.hub;
  const child = spawn(process.execPath, [MAIN, '--queues', 'control,fleet'], {
    cwd,
    env: {
      ...process.env,
      DATABASE_URL: bench.databaseUrl,
      TEMPORAL_ADDRESS: env.address,
      WINDLASS_HUB_CONNECTION_STRING: connectionString,
      WINDLASS_HUB_PORT: String(httpsPort),
      WINDLASS_HUB_MQTT_PORT: String(mqttPort),
      WINDLASS_HUB_CA_FILE: caFile,
      WINDLASS_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually(
    () => said,
    (text) => text.includes('"ready":true') || child.exitCode !== null,
    60_000,
  );
  if (child.exitCode !== null) throw new Error(`the worker ended: ${said}`);
  return child;
}
