import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { dockerClient, engineVersion } from '../../src/adapters/docker/engine.ts';
import { findPython } from '../../src/adapters/python/find-python.ts';
import type { ActName, ActReport, DemoSummary } from '../../src/cli/commands/demo/summary.ts';
import { blockingGates } from '../../src/domain/gates/statuses.ts';
import { SHARED_ENVIRONMENTS } from '../support/environments.ts';
import { shareLayers } from '../support/shared-layers.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
/** The fewest whose windows are enough for every report. */
const DEVICES = 20;
const PATIENCE = 480_000;

const python = await findPython().catch(() => undefined);
const withPython = python === undefined ? test.skip : test;
const engine = (await engineVersion(dockerClient())) === undefined ? 'process' : 'docker';
const folder = tempFolder('demo');
afterAll(() => folder.remove());

/** Plays the demo as a user does; what it said is in the error when it does not end well. */
async function playDemo(): Promise<DemoSummary> {
  const images = join(folder.path, '.windlass', 'demo', 'images');
  mkdirSync(images, { recursive: true });
  await shareLayers(images, engine);
  const file = join(folder.path, 'out.json');
  const args = [MAIN, 'demo', '--devices', String(DEVICES), '--exit', '--json', file];
  const { exitCode, all } = await execa(process.execPath, args, {
    cwd: folder.path,
    env: { WINDLASS_TRAINING_ENVIRONMENTS_DIR: SHARED_ENVIRONMENTS },
    reject: false,
    all: true,
    timeout: PATIENCE - 60_000,
  });
  if (exitCode !== 0) throw new Error(`the demo ended with ${exitCode}:\n${all}`);
  return JSON.parse(readFileSync(file, 'utf8')) as DemoSummary;
}

const names = (act: ActReport): string[] => act.gates.map((gate) => gate.name);
const rings = (act: ActReport) => act.rings?.map((ring) => ring.verdict);

withPython(
  'the demo: a model is trained, rolled out, replaced under drift, and a bad version is stopped',
  async () => {
    const summary = await playDemo();
    expect(summary).toMatchObject({ ok: true, devices: DEVICES });
    expect(summary.acts.map((act) => [act.name, act.ok])).toEqual(
      ['train', 'rollout', 'drift', 'bad-model'].map((name) => [name, true]),
    );
    for (const act of summary.acts) {
      expect(act.workflows.filter((workflow) => workflow.status !== 'COMPLETED')).toEqual([]);
      expect(blockingGates(act.gates)).toEqual([]);
    }
    const act = (name: ActName): ActReport => summary.acts.find((a) => a.name === name)!;
    const [train, rollout, drift, bad] = [act('train'), act('rollout'), act('drift'), act('bad-model')];

    expect(train.model?.version).toBe('1');
    expect(names(train)).toEqual(
      expect.arrayContaining(['check-lint', 'check-unit-tests', 'golden-parity', 'f1']),
    );
    expect(rollout.image?.mode).toBe(engine === 'docker' ? 'container' : 'process');
    expect(names(rollout)).toEqual(expect.arrayContaining(['container.start', 'container.no-network']));
    expect(rings(rollout)).toEqual(['promoted', 'promoted', 'promoted']);
    expect(rollout.rings?.at(-1)?.attested).toBeLessThan(rollout.rings?.at(-1)?.devices ?? 0); // some were away

    expect(drift.model?.version).toBe('2');
    expect(drift.workflows.map((workflow) => workflow.type)).toEqual([
      ...['monitorAndRetrain', 'monitorAndRetrain', 'buildAndTrain', 'packageAndDeploy'],
    ]);
    expect(rings(drift)).toEqual(['promoted', 'promoted', 'promoted']);
    expect(drift.image?.digest).not.toBe(rollout.image?.digest);

    expect(bad.model?.version).toBe('3');
    expect(rings(bad)).toEqual(['failed', 'skipped']);
    expect(summary.lineage).toMatchObject({ pump: 'pump-001', model: { version: '2' } });
    expect(summary.lineage?.history.map((given) => given.version)).toEqual(
      expect.arrayContaining(['1', '2']),
    );
  },
  PATIENCE,
);
