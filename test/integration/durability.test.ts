import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { jest } from '@jest/globals';
import { sql } from 'kysely';
import { verifyAudit } from '../../src/adapters/postgres/registry/audit-log.ts';
import { createFileArtefactStore } from '../../src/adapters/blob/file-artefact-store.ts';
import { createFleetHub } from '../../src/adapters/iot-hub/fleet-hub.ts';
import type { BuildResult } from '../../src/contracts/build/build.ts';
import type { DeployResult } from '../../src/contracts/packaging/deploy.ts';
import type { MonitorResult } from '../../src/contracts/monitoring/monitor.ts';
import { TASK_QUEUES, WORKFLOWS, type WorkflowName } from '../../src/contracts/names.ts';
import { PROGRESS_QUERY, type PipelineProgress } from '../../src/contracts/progress.ts';
import { processInfo } from '../../src/adapters/process/process-info.ts';
import { waitFor } from '../../src/base/wait-for.ts';
import { hubConfig } from '../../workers/hub.ts';
import { shareEnvironment } from '../support/environments.ts';
import {
  startLiveSystem,
  tallyActivities,
  untilActivityRuns,
  type ActivityTally,
  type LiveSystem,
} from '../support/live-system.ts';
import { createPumpProject, trainGate, writePumpData, type TrainGate } from '../support/pump-project.ts';
import { shareLayers } from '../support/shared-layers.ts';
import { tempFolder } from '../support/temp-folder.ts';
import type { TinyProject } from '../support/tiny-project.ts';

jest.setTimeout(300_000);

const DEVICES = 6;
const folder = tempFolder('durability');
const waits = join(folder.path, 'waits');
let live: LiveSystem;
let gate: TrainGate;
let project: TinyProject;

beforeAll(async () => {
  const stateDir = join(folder.path, 'state');
  for (const path of [waits, stateDir]) mkdirSync(path);
  gate = trainGate(waits);
  project = createPumpProject(folder.path, (yaml) =>
    yaml
      .replace('params: { gain: 2 }', `params: { gain: 2, waitFolder: ${waits} }`)
      .replace('maxLatencyP99Ms: 50', 'maxLatencyP99Ms: 2000'),
  );
  await shareEnvironment(join(project.project, 'requirements.lock'));
  await shareLayers(join(stateDir, 'images'), 'process');
  live = await startLiveSystem(stateDir, ['database', 'temporal', 'hub', 'fleet', 'worker'], {
    'fleet.devices': DEVICES,
    'packaging.engine': 'process',
  });
});
afterAll(async () => {
  await live?.stop();
  folder.remove();
});

function start(workflow: WorkflowName, input: object): Promise<WorkflowHandle> {
  return live.client.workflow.start(workflow, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `durable-${workflow}`,
    args: [input],
  });
}

/**
 * Every activity was asked for and finished once; only those that were interrupted were tried
 * again.
 */
function expectOnce(tally: Record<string, ActivityTally>, interrupted: readonly string[]): void {
  for (const [name, { scheduled, completed, attempts }] of Object.entries(tally)) {
    expect([name, completed]).toEqual([name, scheduled]);
    if (!interrupted.includes(name)) expect([name, attempts]).toEqual([name, 1]);
    else expect([name, attempts > 1]).toEqual([name, true]);
  }
}

async function rows<T>(query: ReturnType<typeof sql<T>>): Promise<T[]> {
  return (await query.execute(live.db)).rows;
}

/** Audit events that say the same thing twice; a chain that is broken counts as one. */
async function repeatedAudit(): Promise<unknown[]> {
  expect((await verifyAudit(live.db)).ok).toBe(true);
  return rows(
    sql`select action, subject, details from audit_events group by action, subject, details, reason having count(*) > 1`,
  );
}

/** Processes that a training of this system left running. */
function leftovers(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`WINDLASS_RUN_MARK=${live.stateDir}`);
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map((pid) => `${pid} ${processInfo(Number(pid))?.command ?? ''}`);
}

/**
 * Kills the worker while a train command waits in its middle, lets the next attempt come as far,
 * and lets that one go on.
 */
async function killWhileTraining(build: WorkflowHandle): Promise<void> {
  const first = await gate.waiting();
  await untilActivityRuns(build, 'train');
  const { stage, steps } = await build.query<PipelineProgress>(PROGRESS_QUERY);
  expect(stage).toBe('train');
  expect(steps.find((s) => s.name === 'train')).toMatchObject({ status: 'running' });
  const before = await stepRows();
  await live.killWorker();
  expect(processInfo(first)).toBeDefined(); // the orphan that the next attempt has to end
  const second = await gate.waiting(first);
  expect(processInfo(first)).toBeUndefined();
  expect(processInfo(second)).toBeDefined();
  gate.open();
  await build.result();
  expect(await stepRows()).toEqual(expect.arrayContaining(before));
}

/** Finished steps with the moment at which each was done. */
const stepRows = () =>
  rows(
    sql<{ step: string; run_id: string; at: string }>`select step, run_id, created_at::text as at from steps`,
  );

test('buildAndTrain: a worker killed during training is replaced, and training goes on from its checkpoint', async () => {
  const build = await start(WORKFLOWS.buildAndTrain, { project: project.project, data: project.data });
  await killWhileTraining(build);
  const result = (await build.result()) as BuildResult;
  expect(result.model).toMatchObject({ name: 'tiny', version: '1', aliases: ['champion'] });
  // the tests' shared one
  expect(result.steps.filter((s) => s.cached).map((s) => s.name)).toEqual(['environment']);
  expectOnce(await tallyActivities(build), ['train']);

  const [stored] = await rows(
    sql<{ registration: { log: { digest: string } } }>`select registration from models`,
  );
  const artefacts = createFileArtefactStore(live.system.config.artefacts.dir);
  const log = (await artefacts.read(stored?.registration.log.digest ?? '')).toString('utf8');
  expect(log).toContain('fold 0 from the checkpoint');
  expect(log).not.toContain('fold 0 fitted');
  const counts = sql`select
    (select count(*) from pipelines) as pipelines, (select count(*) from models) as models,
    (select count(*) from data_sets) as data`;
  expect(await rows(counts)).toEqual([{ pipelines: '1', models: '1', data: '1' }]);
  expect(await repeatedAudit()).toEqual([]);
  expect(leftovers()).toEqual([]);
});

/**
 * The rollout of a deployment, once a ring of it soaks; an error that says how far it came when it
 * does not.
 */
async function soakingRollout(deploy: WorkflowHandle): Promise<string> {
  const query = sql<{ rollout_id: string }>`select rollout_id from rollouts where state = 'soaking'`;
  const found = await waitFor(
    async () => (await rows(query))[0] ?? ((await deploy.describe()).status.name !== 'RUNNING' && 'ended'),
    { timeoutMs: 180_000, everyMs: 250 },
  );
  if (typeof found === 'object') return found.rollout_id;
  const progress = await deploy.query<PipelineProgress>(PROGRESS_QUERY);
  throw new Error(`no ring soaks: ${JSON.stringify(progress, undefined, 1)}`);
}

test('packageAndDeploy: a worker killed while a ring soaks is replaced, and the rollout goes on in that ring', async () => {
  const rollout = {
    rings: [
      { name: 'canary', percent: 34 },
      { name: 'fleet', percent: 100 },
    ],
    soakSeconds: 5,
    pollSeconds: 1,
    ringTimeoutSeconds: 120,
    minDevices: 1,
  };
  const deploy = await start(WORKFLOWS.packageAndDeploy, { model: 'tiny@1', rollout });
  const child = live.client.workflow.getHandle(await soakingRollout(deploy));
  await untilActivityRuns(child, 'observeRing');
  const offers = () =>
    rows(
      sql<{ device_id: string; at: string }>`select device_id, offered_at::text as at from rollout_devices
        where offered_at is not null order by device_id`,
    );
  const canary = await offers();
  expect(canary.length).toBeGreaterThan(0);
  expect(canary.length).toBeLessThan(DEVICES);
  await live.killWorker();

  const result = (await deploy.result()) as DeployResult;
  expect(result.rollout).toMatchObject({ outcome: 'completed', pendingDevices: 0 });
  expect(result.rollout?.rings.map((r) => [r.verdict, r.attested === r.devices])).toEqual([
    ['promoted', true],
    ['promoted', true],
  ]);
  expectOnce(await tallyActivities(deploy), []);
  const tally = await tallyActivities(child);
  expectOnce(tally, ['observeRing']);
  expect(tally['openRing']?.scheduled).toBe(2);

  const after = await offers();
  expect(after).toHaveLength(DEVICES);
  // nobody of the canary ring was offered it again
  expect(after).toEqual(expect.arrayContaining(canary));
  const counts = sql`select
    (select count(*) from rollouts) as rollouts, (select count(*) from model_images) as images,
    (select count(*) from device_assignments) as assignments,
    (select count(*) from rollout_decisions) as decisions`;
  expect(await rows(counts)).toEqual([
    { rollouts: '1', images: '1', assignments: String(DEVICES), decisions: '2' },
  ]);
  expect(await repeatedAudit()).toEqual([]);

  const hub = createFleetHub(hubConfig(live.system.config));
  try {
    const devices = await hub.listDevices('');
    const evidence = await hub.readEvidence(devices.map((d) => d.deviceId));
    expect(evidence.map((e) => [e.attestation?.model.version, e.agent?.restartCount])).toEqual(
      devices.map(() => ['1', 0]),
    );
  } finally {
    hub.close();
  }
});

test('monitorAndRetrain: a worker killed during the retrain is replaced, and one report and one version come of it', async () => {
  gate.close();
  const data = join(folder.path, 'new-data');
  writePumpData(data, { seed: 2, groups: 10 });
  const monitor = await start(WORKFLOWS.monitorAndRetrain, {
    model: 'tiny',
    data,
    force: true,
    actor: 'ada',
  });
  const { runId } = await monitor.describe();
  const build = live.client.workflow.getHandle(`${monitor.workflowId}-retrain-${runId.slice(0, 8)}`);
  await killWhileTraining(build);
  const result = (await monitor.result()) as MonitorResult;
  expect(result).toMatchObject({ decision: 'retrain', retrain: { model: 'tiny', version: '2' } });
  expectOnce(await tallyActivities(monitor), []);
  const tally = await tallyActivities(build);
  expectOnce(tally, ['train']);
  expect(tally['checkoutProject']).toBeUndefined(); // the published pipeline was used

  const counts = sql`select
    (select count(*) from monitor_reports) as reports, (select count(*) from models) as models,
    (select count(*) from pipelines) as pipelines, (select count(*) from data_sets) as data`;
  expect(await rows(counts)).toEqual([{ reports: '1', models: '2', pipelines: '1', data: '2' }]);
  expect(await repeatedAudit()).toEqual([]);
  expect(leftovers()).toEqual([]);
});
