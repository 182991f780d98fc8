import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { DeployInput, DeployResult } from '../../src/contracts/packaging/deploy.ts';
import type { GateResult } from '../../src/contracts/gate.ts';
import { TASK_QUEUES, WORKFLOWS } from '../../src/contracts/names.ts';
import { PROGRESS_QUERY, type PipelineProgress } from '../../src/contracts/progress.ts';
import type { packageAndDeploy } from '../../workflows/packaging/package-and-deploy.ts';
import { createDevServer } from '../support/dev-server.ts';
import { openPackagingFixture, type PackagingFixture } from '../support/packaging-fixture.ts';
import { registration } from '../support/registry-fixtures.ts';
import { openRolloutBench, type RolloutBench } from '../support/rollout-bench.ts';
import { shareLayers } from '../support/shared-layers.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('package-and-deploy');
let env: TestWorkflowEnvironment;
let bench: RolloutBench;
let fixture: PackagingFixture;
beforeAll(async () => {
  env = await createDevServer();
  bench = await openRolloutBench({ devices: 4 });
  fixture = await openPackagingFixture(folder.path, bench.registry);
  await shareLayers(join(folder.path, 'images'), 'process');
}, 240_000);
afterAll(async () => {
  await fixture.close();
  await bench.close();
  await env.teardown();
  folder.remove();
});

const rollout = {
  rings: [
    { name: 'canary', percent: 25 },
    { name: 'fleet', percent: 100 },
  ],
  soakSeconds: 1,
  pollSeconds: 1,
};

async function deploy(input: DeployInput): Promise<{ result: DeployResult; progress: PipelineProgress }> {
  const handle = await env.client.workflow.start<typeof packageAndDeploy>(WORKFLOWS.packageAndDeploy, {
    taskQueue: TASK_QUEUES.control,
    workflowId: `deploy-${crypto.randomUUID()}`,
    args: [{ rollout, ...input }],
  });
  const result = await handle.result();
  return { result, progress: await handle.query<PipelineProgress>(PROGRESS_QUERY) };
}

async function refused(input: DeployInput): Promise<{ type: string; message: string; gates: GateResult[] }> {
  const error: unknown = await deploy(input).catch((e: unknown) => e);
  if (!(error instanceof WorkflowFailedError)) throw error;
  const { type, message, details } = error.cause as ApplicationFailure;
  const body = details?.[0] as { details?: { gates?: GateResult[] } };
  return { type: type ?? '', message, gates: body.details?.gates ?? [] };
}

const work = <T>(body: () => Promise<T>): Promise<T> => {
  const { inner } = fixture.activities(join(folder.path, 'images'), 'process');
  return bench.withWorkers(env, body, inner);
};

test('a version becomes an image that passes its test, and reaches the fleet; another one is stopped and is a result', async () => {
  const one = await fixture.register({ goldenRows: 64 });
  const two = await fixture.register({ goldenRows: 64, gain: 3 });
  bench.behave((_, version) => (version === two.version ? 'wrong-model' : 'well'));
  await work(async () => {
    const { result, progress } = await deploy({ model: `pump-health@${one.version}`, actor: 'ada' });
    expect(result).toMatchObject({
      model: { name: 'pump-health', version: one.version, digest: one.digest },
      image: { mode: 'process' },
      rollout: { outcome: 'completed', pendingDevices: 0 },
    });
    expect(result.gates.length).toBeGreaterThan(5);
    expect(result.gates.filter((g) => g.status === 'fail' || g.status === 'insufficient')).toEqual([]);
    expect(result.steps.map((s) => s.name)).toEqual([
      'resolve',
      'assemble',
      'container-test',
      'record',
      'rollout',
    ]);
    expect(progress.steps.at(-1)).toMatchObject({ name: 'rollout', status: 'done' });
    const images = [...bench.devices.values()].map((device) => device.image);
    expect(new Set(images)).toEqual(new Set([result.image.reference]));
    expect(await bench.registry.image('pump-health', one.version)).toMatchObject({
      digest: result.image.digest,
    });

    const stopped = (await deploy({ model: `pump-health@${two.version}` })).result;
    expect(stopped.rollout).toMatchObject({ outcome: 'reverted', previous: { version: one.version } });
    expect(stopped.rollout?.rings.map((r) => r.verdict)).toEqual(['failed', 'skipped']);
    const targets = await bench.fleet.readTargets([...bench.devices.keys()]);
    expect(new Set(targets.values())).toEqual(new Set([`pump-health-${one.version}`]));
  });
}, 240_000);

test('what may not be deployed is refused before anything is touched', async () => {
  const broken = await fixture.register({ goldenRows: 64, gain: 5, goldenError: 0.2 });
  const gates: GateResult[] = [
    { name: 'golden', status: 'fail', observed: 0.4, threshold: 0.01, n: 1000, reason: 'far off' },
  ];
  const unfit = await bench.registry.registerModel(
    { ...registration('unfit', '1'), gates },
    { actor: 'ada', reason: '' },
  );
  const before = bench.fleet.calls();
  await work(async () => {
    expect(await refused({ model: 'pump-health@999' })).toMatchObject({ type: 'NOT_FOUND' });
    expect(await refused({ model: `pump-health@${unfit.version}` })).toMatchObject({
      type: 'GATE_FAILED',
      message: expect.stringContaining('golden: fail (observed 0.4, threshold 0.01'),
      gates: [expect.objectContaining({ name: 'golden' })],
    });
    expect(await refused({ model: 'pump health' })).toMatchObject({
      type: 'INPUT_INVALID',
      message: expect.stringContaining('expected name@version'),
    });
    const failed = await refused({ model: `pump-health@${broken.version}` });
    expect(failed.type).toBe('CONTAINER_TEST_FAILED');
    expect(failed.gates.some((gate) => gate.status === 'fail')).toBe(true);
  });
  expect(bench.fleet.calls()).toEqual(before);
}, 240_000);

test('packageOnly makes and tests the image and touches no device', async () => {
  const three = await fixture.register({ goldenRows: 64, gain: 4 });
  const before = bench.fleet.calls();
  await work(async () => {
    const { result, progress } = await deploy({ model: `pump-health@${three.version}`, packageOnly: true });
    expect(result.rollout).toBeNull();
    expect(progress.steps.at(-1)).toMatchObject({ name: 'rollout', status: 'skipped' });
    expect(result.image.reference).toContain(result.image.digest);
  });
  expect(bench.fleet.calls()).toEqual(before);
}, 240_000);
