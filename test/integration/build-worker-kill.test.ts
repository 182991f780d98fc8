import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configToEnvironment } from '../../src/config/load-config.ts';
import type { BuildResult } from '../../src/contracts/build.ts';
import { processInfo } from '../../src/services/process-info.ts';
import { waitFor } from '../../src/services/wait.ts';
import { createBuildSystem, type BuildSystem } from '../support/build-system.ts';
import { createTinyProject } from '../support/tiny-project.ts';

const PATIENCE = 240_000;
const MAIN = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));

let system: BuildSystem;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  system = await createBuildSystem({ workers: false });
}, PATIENCE);
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await system.close();
}, PATIENCE);

/** A worker process as `windlass up` runs it, serving the queues of a build. */
function startWorker(): ChildProcess {
  const worker = spawn(process.execPath, [MAIN, '--queues', 'control,training'], {
    env: { ...process.env, ...configToEnvironment(system.config), WINDLASS_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  workers.push(worker);
  return worker;
}

test(
  'kill -9 of the worker in the middle of training: another goes on from the checkpoint, and no step is done twice',
  async () => {
    const tiny = createTinyProject(system.folder);
    const waitFolder = join(system.folder, 'wait');
    mkdirSync(waitFolder);
    const pids = (): number[] =>
      readdirSync(waitFolder).flatMap((f) => (f.startsWith('pid-') ? [Number(f.slice(4))] : []));

    const first = startWorker();
    const handle = await system.start({ project: tiny.project, data: tiny.data, params: { waitFolder } });
    const [orphan] = (await waitFor(() => pids().length > 0 && pids(), { timeoutMs: 120_000 })) ?? [];
    if (orphan === undefined) throw new Error('training did not start');
    // Let a heartbeat out, as a training that runs for a while has.
    await waitFor(
      async () =>
        ((await handle.describe()).raw.pendingActivities ?? []).some((a) => Boolean(a.heartbeatDetails)),
      { timeoutMs: 20_000 },
    );
    first.kill('SIGKILL');
    await waitFor(() => first.signalCode === 'SIGKILL', { timeoutMs: 5000 });
    expect(processInfo(orphan)).toBeDefined();

    startWorker();
    const second = await waitFor(() => pids().find((pid) => pid !== orphan), { timeoutMs: 90_000 });
    expect(second).toBeDefined();
    expect(processInfo(orphan)).toBeUndefined();
    writeFileSync(join(waitFolder, 'go'), '');

    const result = (await handle.result()) as BuildResult;
    expect(result.model).toMatchObject({ version: '1', aliases: ['champion'] });
    expect(result.steps).toHaveLength(11);
    const model = await system.context.registry.model('tiny', '1');
    const log = (await system.context.artefacts.read(model?.log?.digest ?? '')).toString();
    expect(log).toContain('fold 0 from the checkpoint');
    expect(log).toContain('fold 1 fitted');
    expect(await system.context.registry.models({ name: 'tiny' })).toHaveLength(1);

    const { events } = await handle.fetchHistory();
    const scheduled = (events ?? []).flatMap(
      (e) => e.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
    expect(new Set(scheduled).size).toBe(scheduled.length);
    const started = (events ?? []).flatMap((e) => e.activityTaskStartedEventAttributes?.attempt ?? []);
    expect(started.filter((attempt) => attempt > 1)).toEqual([2]);
  },
  PATIENCE,
);
