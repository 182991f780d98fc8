/**
 * What orchestration costs: node bench/build-overhead.ts [--runs 5] [--pumps 24]. Per run, in
 * seconds: the project's own commands (checks, training) by themselves; every step of
 * `buildAndTrain` called one after the other without Temporal; the workflow itself. All three do
 * everything anew in a warm environment; the overhead is the last less the second.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import pino from 'pino';
import type { CheckActivities } from '../activities/checks/check-activities.ts';
import type { ControlActivities } from '../activities/registry/registry-activities.ts';
import type { DataActivities } from '../activities/data/data-activities.ts';
import { materializeData } from '../activities/data/data-sets.ts';
import type { EnvironmentActivities } from '../activities/environment/environment-activities.ts';
import type { EvaluationActivities } from '../activities/evaluation/evaluation-activities.ts';
import type { ModelGateActivities } from '../activities/model-gates/model-gate-activities.ts';
import type { SourceActivities } from '../activities/source/source-activities.ts';
import type { TrainActivities } from '../activities/training/train-activities.ts';
import { sensorFiles } from '../src/adapters/duckdb/sensor-files.ts';
import { environmentVariables } from '../src/adapters/python/environment-variables.ts';
import { createPythonRuntime } from '../src/adapters/python/python-runtime.ts';
import { loadConfig } from '../src/config/load-config.ts';
import type { BuildResult } from '../src/contracts/build/build.ts';
import { TASK_QUEUES, WORKFLOWS } from '../src/contracts/names.ts';
import { startSystem } from '../src/local-system/system.ts';
import { connectTemporal } from '../src/adapters/temporal/connect-temporal.ts';
import { writePumpFiles } from '../stand-ins/pump/write-files.ts';
import { createControlQueue } from '../workers/control.ts';
import { openWorkerContext } from '../workers/open-context.ts';
import { createTrainingQueue } from '../workers/training.ts';
import { lockedEnvironment } from '../test/support/locked-environment.ts';

type TrainingActivities = SourceActivities &
  EnvironmentActivities &
  CheckActivities &
  DataActivities &
  TrainActivities &
  ModelGateActivities &
  EvaluationActivities;

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { runs: text, pumps: text } });
const runs = Number(values.runs ?? 5);
const EXAMPLE = join(import.meta.dirname, '../examples/pump-health');

const folder = mkdtempSync(join(tmpdir(), 'windlass-overhead-'));
const repository = join(folder, 'repository');
const data = join(folder, 'data');
const stateDir = join(folder, 'state');
for (const path of [data, stateDir]) mkdirSync(path);
cpSync(EXAMPLE, repository, { recursive: true });
const identity = [
  '-c',
  'user.name=Bench',
  '-c',
  'user.email=bench@example.com',
  '-c',
  'commit.gpgsign=false',
];
const git = (...args: string[]) => execFileSync('git', [...identity, ...args], { cwd: repository });
git('init', '--quiet');
git('add', '--all');
git('commit', '--quiet', '--message', 'bench');
await writePumpFiles({ folder: data, pumps: Number(values.pumps ?? 24), rows: 1100, seed: 7 });

const ports = [
  'temporal.port',
  'temporal.uiPort',
  'database.port',
  'hub.httpsPort',
  'hub.mqttPort',
  'api.port',
];
const flags = { stateDir, 'log.level': 'warn', ...Object.fromEntries(ports.map((name) => [name, 0])) };
const config = loadConfig({ cwd: stateDir, env: {}, flags }).values;
const system = await startSystem(config, { needs: ['database', 'temporal', 'worker'], command: 'bench' });
const context = await openWorkerContext(system.config, pino({ level: 'silent' }));
const connection = await connectTemporal(system.config.temporal.address ?? '');
const client = new Client({ connection, namespace: system.config.temporal.namespace });
const training = (await createTrainingQueue(context)).activities as TrainingActivities;
const control = createControlQueue(context).activities as ControlActivities;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

const workflow = (): Promise<BuildResult> =>
  client.workflow.execute(WORKFLOWS.buildAndTrain, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `overhead-${randomUUID()}`,
    args: [{ project: repository, data, noCache: ['*'] }],
  });

/** Every step in this process, by the very activities that the workflow asks for. */
async function withoutTemporal(): Promise<void> {
  const execution = { workflowId: 'bench', runId: randomUUID() };
  const environment = new MockActivityEnvironment(
    { workflowExecution: execution },
    { logger: new DefaultLogger('ERROR') },
  );
  const call = <A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> =>
    environment.run(activity, ...args);
  const by = { actor: 'bench', reason: '' };
  const reuse = false;
  const { value } = await call(training.checkoutProject, {
    project: repository,
    ref: 'HEAD',
    allowDirty: false,
  });
  const { spec, source, pipelineDigest } = value;
  const code = { bundle: source.bundle, spec };
  const prepared = (await call(training.prepareEnvironment, code)).value;
  const checks = (await call(training.runChecks, { ...code, reuse })).value;
  const pipeline = await control.publishPipeline(
    { name: spec.name, digest: pipelineDigest, source, environment: prepared.key, spec, checks },
    by,
  );
  const { value: ref } = await call(training.snapshotData, { source: data, spec });
  await call(training.checkData, { ref, spec });
  const { seed } = spec.train;
  const trained = await call(training.train, { ...code, data: ref, params: {}, seed, reuse });
  const { onnx, golden, folds, log, environment: key, params } = trained.value;
  const { gates, profiles } = (await call(training.checkModel, { onnx, golden, folds, spec, reuse })).value;
  const judged = await call(training.evaluateModel, { ...code, folds, data: ref, seed, reuse });
  const { metrics, scores, baseline, report } = judged.value;
  const explained = { ...code, folds, data: ref, scores, seed, reuse };
  const { value: explanation } = await call(training.explainModel, explained);
  const compared = await call(training.compareModel, {
    scores,
    metrics,
    data: ref,
    spec,
    seed,
    reuse,
  });
  const comparison = compared.value;
  const origin = { pipeline: { name: pipeline.name, version: pipeline.version }, data: ref, seed };
  const made = { ...origin, params, metrics, gates, comparison };
  const card = await call(training.writeModelCard, {
    ...made,
    spec,
    source,
    environment: key,
    digest: onnx.digest,
    report,
    explanation,
    profiles,
  });
  const registration = { name: spec.name, digest: onnx.digest, onnx, golden, baseline, folds, card, log };
  await control.registerModel({ ...registration, ...made, run: execution }, by);
}

// builds the environment, and fills every cache of the operating system
const first = await workflow();
const { spec, source } = (await context.registry.pipeline(first.pipeline.name, 'latest'))!;
const model = (await context.registry.model(first.model.name, first.model.version))!;
const runtime = createPythonRuntime({ environments: join(stateDir, 'envs') });
const environment = await runtime.ensure(lockedEnvironment(repository, spec));

/**
 * What the project's author would type: its checks and its train command in the same environment.
 */
async function commands(): Promise<void> {
  const work = mkdtempSync(join(folder, 'commands-'));
  const project = join(work, 'project');
  cpSync(repository, project, { recursive: true });
  await materializeData({ artefacts: context.artefacts, files: sensorFiles }, model.data, join(work, 'data'));
  for (const name of ['out', 'checkpoint']) mkdirSync(join(work, name));
  writeFileSync(join(work, 'params.json'), JSON.stringify(spec.train.params));
  const env = {
    ...environmentVariables(environment),
    WINDLASS_DATA: join(work, 'data'),
    WINDLASS_OUT: join(work, 'out'),
    WINDLASS_CHECKPOINT: join(work, 'checkpoint'),
    WINDLASS_PARAMS: join(work, 'params.json'),
    WINDLASS_SEED: String(spec.train.seed),
  };
  for (const run of [...spec.checks.map((check) => check.run), spec.train.run])
    execFileSync('sh', ['-c', run], { cwd: project, env, stdio: 'ignore' });
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
const rows = {
  commands: [] as number[],
  steps: [] as number[],
  workflow: [] as number[],
  overhead: [] as number[],
};
const line = (head: string, cells: readonly number[]): void =>
  void process.stdout.write(`${head.padEnd(8)} ${cells.map((s) => s.toFixed(2).padStart(12)).join('')}\n`);
process.stdout.write(`${source.commit.slice(0, 12)}, ${first.data.rows} rows, seconds\n`);
process.stdout.write(
  `${'run'.padEnd(8)} ${Object.keys(rows)
    .map((name) => name.padStart(12))
    .join('')}\n`,
);
try {
  for (let run = 1; run <= runs; run += 1) {
    rows.commands.push(await seconds(commands));
    rows.steps.push(await seconds(withoutTemporal));
    rows.workflow.push(await seconds(workflow));
    rows.overhead.push((rows.workflow.at(-1) ?? 0) - (rows.steps.at(-1) ?? 0));
    line(
      String(run),
      Object.values(rows).map((all) => all.at(-1) ?? 0),
    );
  }
  line('median', Object.values(rows).map(median));
} finally {
  await connection.close();
  await context.close();
  await system.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
