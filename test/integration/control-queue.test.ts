import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import pino from 'pino';
import { errorInterceptor } from '../../activities/shared/error-interceptor.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createControlQueue } from '../../workers/control.ts';
import { openWorkerContext } from '../../workers/open-context.ts';
import { createDevServer } from '../support/dev-server.ts';
import { createEmptyDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { pipelineVersion, registration } from '../support/registry-fixtures.ts';
import '../support/quiet-temporal.ts';

let env: TestWorkflowEnvironment;
let database: TestDatabase;
let context: Awaited<ReturnType<typeof openWorkerContext>>;
let worker: Worker;
let running: Promise<void>;
let dir = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'windlass-control-'));
  env = await createDevServer();
  database = await createEmptyDatabase();
  const { values } = loadConfig({
    cwd: dir,
    env: { DATABASE_URL: database.url, TEMPORAL_ADDRESS: env.address },
  });
  context = await openWorkerContext(values, pino({ level: 'silent' }));
  worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: 'control',
    workflowsPath: fileURLToPath(new URL('../support/workflows/control-probe.ts', import.meta.url)),
    activities: createControlQueue(context).activities,
    interceptors: { activity: [errorInterceptor] },
  });
  running = worker.run();
}, 120_000);
afterAll(async () => {
  worker?.shutdown();
  await running;
  await context?.close();
  await database?.drop();
  await env?.teardown();
  rmSync(dir, { recursive: true, force: true });
});

const execute = (workflow: string, ...args: unknown[]): Promise<unknown> =>
  env.client.workflow.execute(workflow, {
    taskQueue: 'control',
    workflowId: `${workflow}-${crypto.randomUUID()}`,
    args,
    workflowExecutionTimeout: '30 seconds',
  });

async function failureOf(run: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await run.catch((e: unknown) => e);
  if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) return error.cause;
  throw new Error(`expected an application failure, got ${String(error)}`);
}

test('{} and no input at all are completed by a local activity', async () => {
  const expected = { model: 'pump-health@challenger', packageOnly: false, rollout: { minDevices: 2 } };
  expect(await execute('firstStep', {})).toMatchObject(expected);
  expect(await execute('firstStep')).toMatchObject(expected);
}, 60_000);

test('a wrong input fails the workflow at once, with words for people and a body for programs', async () => {
  const failure = await failureOf(
    execute('firstStep', { modle: 'pump-health@3', rollout: { soakSeconds: 'ten' } }),
  );
  expect(failure).toMatchObject({ type: 'INPUT_INVALID', nonRetryable: true });
  expect(failure.message.split('\n')).toEqual([
    'The input of packageAndDeploy is not valid:',
    '- rollout.soakSeconds: expected number, got "ten"',
    '- modle: there is no such field; did you mean "model"?',
    'Example: {"model":"pump-health@3"}',
  ]);
  expect(failure.details?.[0]).toMatchObject({
    code: 'INPUT_INVALID',
    details: { problems: [{ field: 'rollout.soakSeconds' }, { field: 'modle' }] },
  });
}, 60_000);

test('an unknown version is not asked for again, and says what there is', async () => {
  expect(await failureOf(execute('resolveBoth', 'pump-health@1'))).toMatchObject({
    type: 'NOT_FOUND',
    message: 'No version of the model "pump-health" is registered.',
  });
  const by = { actor: 'ada', reason: '' };
  await context.registry.publishPipeline(pipelineVersion(), by);
  // The registry names only artefacts that are there: the words that the fixture's digests are of.
  for (const words of ['onnx one', 'golden', 'baseline', 'fold 0', 'manifest data'])
    await context.artefacts.put(words, 'text/plain');
  await context.registry.registerModel(registration(), by);
  await context.registry.setAlias({ name: 'pump-health', alias: 'champion', version: '1' }, by);
  expect(await failureOf(execute('resolveBoth', 'pump-health@7'))).toMatchObject({
    message: 'There is no model version pump-health@7; the newest are 1 (champion).',
  });
  expect(await failureOf(execute('resolveBoth', 'pump health'))).toMatchObject({ type: 'INPUT_INVALID' });
  expect(await execute('resolveBoth', 'pump-health@champion')).toMatchObject({
    model: { version: '1', aliases: ['champion'] },
    pipeline: { name: 'pump-health', version: '1', spec: { model: { window: 60 } } },
  });
}, 60_000);
